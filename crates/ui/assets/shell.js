// The shell's script: makes what works without it more pleasant. Everything is driven by data- attributes.
//   <time data-relative datetime> / <time data-exact datetime>   written in the viewer's zone, kept true
//   [data-opens="ID"]        opens the <dialog> of that id instead of following its link
//   [data-toast]             moved to the corner, leaves after a while; header HX-Trigger: {"toast": {"state", "text"}}
//   textarea[data-autogrow]  grows with its text;  [data-send="ctrl-enter"] submits its form on Ctrl/Cmd+Enter
//   [data-follow]            the view follows its growth while the reader is at the end; [data-to-end] leads there;
//                            data-follow="end" also opens the page at its end, unless the address names a place
//   .editor[data-problems]   line numbers and marks; the attribute selects a list with li[data-line][data-severity];
//                            a[data-goto-line] moves the caret
//   form[data-once]          can be sent once only, until its page or its answer changes
// Other scripts find the same as window.ui: { toast, openDialog, atEnd, toEnd, refresh }.

const language = document.documentElement.lang || "en";

// ---- Times ----
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "long" });
const relativeFormat = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const STEPS = [["minute", 60, 3570], ["hour", 3600, 84600], ["day", 86400, 3888000], ["month", 2592000, 31104000], ["year", 31557600, Infinity]];

function relativeWords(seconds) {
  const distance = Math.abs(seconds);
  const [unit, size] = STEPS.find(([, , limit]) => distance < limit);
  const count = Math.max(1, Math.round(distance / size));
  return relativeFormat.format(seconds < 0 ? -count : count, unit);
}

function writeTimes(root) {
  for (const element of root.querySelectorAll("time[data-relative], time[data-exact]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const exact = exactFormat.format(at);
    if (element.title !== exact) element.title = exact;
    if (element.hasAttribute("data-exact")) {
      if (element.textContent !== exact) element.textContent = exact;
      continue;
    }
    const seconds = (at.getTime() - Date.now()) / 1000;
    element.dataset.now ??= Math.abs(seconds) < 45 ? element.textContent : "";
    const words = Math.abs(seconds) < 45 ? element.dataset.now || element.textContent : relativeWords(seconds);
    if (element.textContent !== words) element.textContent = words;
  }
}

// ---- Dialogs ----
function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return false;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[aria-current='true']")?.scrollIntoView({ block: "center" });
  dialog.dispatchEvent(new CustomEvent("ui:opened", { bubbles: true }));
  return true;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener && !event.ctrlKey && !event.metaKey && openDialog(opener.dataset.opens)) event.preventDefault();
  // A click on the veil falls on the dialog itself.
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail > 0) event.target.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

// ---- Toasts ----
const toasts = document.getElementById("toasts");

function settleToast(element) {
  element.removeAttribute("data-toast");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-icon";
  close.textContent = "✕";
  close.setAttribute("aria-label", toasts?.dataset.dismiss ?? "");
  close.addEventListener("click", () => element.remove());
  element.append(close);
  toasts?.append(element);
  // An error stays until it is dismissed; anything else leaves unless the pointer or the focus rests on it.
  if (element.classList.contains("state-error")) return;
  const leave = () => (element.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : element.remove());
  setTimeout(leave, 6000);
}

function toast(state, text) {
  const known = ["ok", "info", "warning", "error", "working", "quiet"];
  const element = document.createElement("div");
  element.className = `toast state-${known.includes(state) ? state : "info"}`;
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  settleToast(element);
}

document.addEventListener("toast", (event) => toast(event.detail?.state, String(event.detail?.text ?? "")));

// ---- Text fields ----
const sizesItself = CSS.supports("field-sizing", "content");

function grow(area) {
  if (sizesItself) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-autogrow]")) grow(event.target);
});
document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;
  if (sends && event.target.matches?.("[data-send='ctrl-enter']")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent === "true") event.preventDefault();
  form.dataset.sent = "true";
});
document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("form[data-once]")?.removeAttribute("data-sent"));
// A page taken from the browser's memory may be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => form.removeAttribute("data-sent")));

// ---- Following a growing text ----
const NEAR_END_PX = 96;
let readerAtEnd = true;
let followFrame = 0;

function atEnd() {
  const page = document.scrollingElement;
  return page.scrollHeight - page.scrollTop - window.innerHeight < NEAR_END_PX;
}

function toEnd() {
  window.scrollTo({ top: document.scrollingElement.scrollHeight, behavior: "instant" });
  readerAtEnd = true;
  showToEnd();
}

function showToEnd() {
  for (const element of document.querySelectorAll("[data-to-end]")) element.hidden = readerAtEnd;
}

const growth = new ResizeObserver(() => {
  cancelAnimationFrame(followFrame);
  followFrame = requestAnimationFrame(() => (readerAtEnd ? toEnd() : showToEnd()));
});
let lastTop = 0;
window.addEventListener("scroll", () => {
  const top = document.scrollingElement.scrollTop;
  // Growth alone never unfollows; only the reader's own way up does.
  if (top < lastTop - 1) readerAtEnd = atEnd();
  else if (atEnd()) readerAtEnd = true;
  lastTop = top;
  showToEnd();
}, { passive: true });
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-to-end]")) toEnd();
});

// ---- Editor ----
function prepareEditor(editor) {
  const area = editor.querySelector("textarea");
  if (!area) return;
  const mirror = document.createElement("div");
  mirror.className = "editor-mirror";
  mirror.setAttribute("aria-hidden", "true");
  editor.prepend(mirror);
  editor.classList.add("enhanced");
  let shown = [];

  function draw() {
    const lines = area.value.split("\n");
    lines.forEach((line, index) => {
      const element = mirror.children[index] ?? mirror.appendChild(Object.assign(document.createElement("div"), { className: "editor-line" }));
      if (shown[index] === line) return;
      element.textContent = line || "\u200b";
      element.dataset.n = index + 1;
    });
    while (mirror.children.length > lines.length) mirror.lastChild.remove();
    shown = lines;
  }

  function mark() {
    for (const line of mirror.querySelectorAll(".has-error, .has-warning")) line.classList.remove("has-error", "has-warning");
    const list = editor.dataset.problems && document.querySelector(editor.dataset.problems);
    for (const problem of list?.querySelectorAll("[data-line]") ?? []) {
      const severity = problem.dataset.severity;
      if (severity === "error" || severity === "warning") mirror.children[problem.dataset.line - 1]?.classList.add(`has-${severity}`);
    }
  }

  area.addEventListener("input", draw);
  area.addEventListener("ui:redraw", () => { draw(); mark(); });
  editor.addEventListener("ui:mark", mark);
  draw();
  mark();
}

function gotoLine(area, number) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  area.focus({ preventScroll: true });
  area.setSelectionRange(start, start + (lines[number - 1]?.length ?? 0));
  area.closest(".editor")?.querySelector(".editor-mirror")?.children[number - 1]?.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-goto-line]");
  const area = link && document.querySelector(".editor textarea");
  if (!area) return;
  event.preventDefault();
  gotoLine(area, Number(link.dataset.gotoLine));
});

// ---- Start, and again for whatever htmx brings ----
function refresh(root = document) {
  writeTimes(root);
  root.querySelectorAll("[data-toast]").forEach(settleToast);
  root.querySelectorAll("textarea[data-autogrow]").forEach(grow);
  root.querySelectorAll(".editor:not(.enhanced)").forEach(prepareEditor);
  document.querySelectorAll(".editor.enhanced").forEach((editor) => editor.dispatchEvent(new Event("ui:mark")));
  root.querySelectorAll("[data-follow]").forEach((element) => growth.observe(element));
}

window.ui = { toast, openDialog, atEnd, toEnd, refresh };
refresh();
readerAtEnd = atEnd();
if (document.querySelector("[data-follow='end']") && !location.hash) toEnd();
showToEnd();
document.addEventListener("htmx:load", (event) => refresh(event.detail?.elt?.parentElement ?? document));
setInterval(() => writeTimes(document), 30_000);
