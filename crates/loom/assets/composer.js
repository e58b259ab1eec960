// The composer's comfort: palette on "/", Ctrl+Enter, recall by arrow up, a draft that survives a closed tab.
//   form[data-composer]  the composer; data-session names the story
//   [data-palette-button] opens the palette; li[data-template] puts its text in

const form = document.querySelector("form[data-composer]");
if (form) {
  const input = form.querySelector("textarea[name=input]");
  const palette = form.querySelector(".palette");
  const options = [...palette.querySelectorAll("[role=option]")];
  const draftKey = `draft:${form.dataset.session}`;
  const lastKey = `last:${form.dataset.session}`;
  let chosen = -1;

  // ---- Draft ----
  // The key goes with the draft: a line sent again after a lost connection is the same turn.
  const saved = JSON.parse(localStorage.getItem(draftKey) ?? "null");
  if (saved && !input.value) {
    input.value = saved.text;
    form.elements.key.value = saved.key;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  input.addEventListener("input", () => {
    if (input.value) localStorage.setItem(draftKey, JSON.stringify({ text: input.value, key: form.elements.key.value }));
    else localStorage.removeItem(draftKey);
  });
  form.addEventListener("loom:acknowledged", () => {
    localStorage.setItem(lastKey, input.value);
    localStorage.removeItem(draftKey);
    input.value = "";
    form.elements.key.value = crypto.randomUUID();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // ---- Palette ----
  const open = () => {
    palette.hidden = false;
    choose(options.findIndex((option) => option.getAttribute("aria-disabled") !== "true"));
    input.focus();
  };
  const close = () => {
    palette.hidden = true;
    choose(-1);
  };
  const choose = (index) => {
    chosen = index;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === index)));
    options[index]?.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    for (let tries = 0, at = chosen; tries < options.length; tries += 1) {
      at = (at + by + options.length) % options.length;
      if (options[at].getAttribute("aria-disabled") !== "true") return choose(at);
    }
  };
  const insert = (option) => {
    if (!option || option.getAttribute("aria-disabled") === "true") return;
    const template = option.dataset.template;
    // The slash that opened the palette makes way for the template.
    const from = input.value.slice(0, input.selectionStart).replace(/\/$/, "").length;
    input.setRangeText(template, from, input.selectionEnd, "end");
    const colon = from + template.indexOf(":") + 2;
    input.setSelectionRange(colon, from + template.length - 1);
    close();
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  form.querySelector("[data-palette-button]").addEventListener("click", () => (palette.hidden ? open() : close()));
  options.forEach((option) => option.addEventListener("click", () => insert(option)));
  document.addEventListener("click", (event) => {
    if (!palette.hidden && !form.contains(event.target)) close();
  });

  // ---- Keys ----
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!palette.hidden) {
      const keys = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => insert(options[chosen]), Tab: () => insert(options[chosen]), Escape: close };
      if (keys[event.key]) {
        event.preventDefault();
        keys[event.key]();
        return;
      }
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "/" && (input.selectionStart === 0 || /\s$/.test(input.value.slice(0, input.selectionStart)))) {
      // The slash itself is typed first; a second one, or any other letter, closes the palette again.
      queueMicrotask(open);
    } else if (event.key === "ArrowUp" && input.value === "") {
      const last = localStorage.getItem(lastKey);
      if (last) {
        event.preventDefault();
        input.value = last;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    } else if (!palette.hidden && event.key.length === 1) {
      close();
    }
  });
}
