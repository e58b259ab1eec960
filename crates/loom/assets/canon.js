// The editor's comfort: checks the text while it is written, and does not let a closed tab take it along.
//   form[data-canon-form]  the editor; data-dirty when it opens with a text that is not saved
//   [data-checked]         the pane with problems and effect; its attribute is where the text is checked
//   [data-save-state]      says whether there are unsaved changes, in the words of its data- attributes
const form = document.querySelector("form[data-canon-form]");
const area = form?.querySelector("textarea[name=text]");
const pane = document.querySelector("[data-checked]");
const state = document.querySelector("[data-save-state]");
const CHECK_AFTER_MS = 400;

if (form && !area.readOnly) {
  const begun = area.value;
  let dirty = "dirty" in form.dataset;
  let waiting = 0;
  let asking = null;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  async function check() {
    asking?.abort();
    asking = new AbortController();
    const body = new URLSearchParams({ path: form.elements.path.value, text: area.value });
    try {
      const answer = await fetch(pane.dataset.checked, { method: "POST", body, signal: asking.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const top = pane.scrollTop;
      pane.innerHTML = await answer.text();
      pane.scrollTop = top;
      window.ui?.refresh?.(pane);
      if (dirty) say(state.dataset.unsaved);
    } catch (error) {
      if (error.name !== "AbortError") say(state.dataset.unreachable);
    }
  }

  area.addEventListener("input", () => {
    dirty = "dirty" in form.dataset || area.value !== begun;
    say(dirty ? state.dataset.unsaved : "");
    clearTimeout(waiting);
    waiting = setTimeout(check, CHECK_AFTER_MS);
  });
  form.addEventListener("submit", () => {
    dirty = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}
