// Reads the figures again every few seconds while somebody looks at them.
//   [data-figures]  what is replaced; the attribute is its address
//   [data-stale]    shown while the server does not answer
const EVERY_MS = 5000;
const figures = document.querySelector("[data-figures]");
const stale = document.querySelector("[data-stale]");

async function read() {
  if (document.hidden || figures.contains(document.activeElement)) return;
  try {
    const answer = await fetch(figures.dataset.figures, { redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (text !== figures.innerHTML) figures.innerHTML = text;
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

if (figures) {
  setInterval(read, EVERY_MS);
  document.addEventListener("visibilitychange", read);
}
