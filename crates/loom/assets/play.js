// Plays turns without leaving the page: the story streams in, and every failure says what happened and keeps the text.
//   form[data-composer]   sends a line;  form[data-again]  tells a turn again
//   [data-play-problem]   where a failure is said;  template[data-phrases]  the words, in the reader's language
const { readEvents } = window.loom;

const form = document.querySelector("form[data-composer]");
const story = document.querySelector(".story");
const status = document.querySelector("[data-story-status]");
const problemBox = document.querySelector("[data-play-problem]");
const phrases = Object.fromEntries(
  [...(document.querySelector("template[data-phrases]")?.content.querySelectorAll("[data-id]") ?? [])].map((element) => [element.dataset.id, element.textContent]),
);
let playing = false;

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

// Text becomes paragraphs as text: nothing a model writes is read as markup here.
function write(target, text) {
  const parts = text.split("\n\n");
  while (target.children.length > parts.length) target.lastElementChild.remove();
  parts.forEach((part, index) => {
    const paragraph = target.children[index] ?? target.appendChild(element("p"));
    if (paragraph.textContent !== part) paragraph.textContent = part;
  });
}

function newArticle(line) {
  const article = element("article", "turn");
  if (line) article.append(element("p", "turn-player", line));
  article.append(element("div", "turn-text"));
  story.append(article);
  window.ui?.toEnd?.();
  return article;
}

// Goes on from the turn that was read; the line waits in the composer there.
function branchForm(at) {
  const branch = element("form");
  branch.method = "post";
  branch.action = `/sessions/${form.dataset.session}/branches`;
  const where = element("input");
  Object.assign(where, { type: "hidden", name: "at", value: at });
  branch.append(where, element("button", "btn", phrases["turn-branch-here"]));
  return branch;
}

function showProblem(problem, requestId, retry) {
  problemBox.replaceChildren();
  const box = element("div", "notice state-error");
  box.setAttribute("role", "alert");
  const body = element("div");
  const moved = problem.code === "head_moved";
  body.append(element("strong", "notice-title", moved ? phrases["script-moved"] : problem.title_text ?? problem.detail));
  body.append(element("p", "", `${moved || problem.title_text ? `${problem.detail} ` : ""}${problem.action ?? ""}`));
  body.append(element("p", "", phrases["script-kept"]));
  const actions = element("div", "actions");
  if (moved) {
    const link = element("a", "btn", phrases["script-read-newer"]);
    link.href = location.pathname + location.search;
    actions.append(link);
    if (form.elements.expected_head.value) actions.append(branchForm(form.elements.expected_head.value));
  }
  if (retry) {
    const button = element("button", "btn", phrases["script-retry"]);
    button.type = "button";
    button.addEventListener("click", () => {
      problemBox.replaceChildren();
      retry();
    });
    actions.append(button);
  }
  body.append(actions);
  if (requestId) body.append(element("p", "faint", `${phrases["script-request"]} ${requestId}`));
  box.append(body);
  problemBox.append(box);
  box.scrollIntoView({ block: "nearest" });
}

// Puts the server's own rendering in the place of what was streamed.
async function settle(article, session, turn, branch) {
  const query = branch ? `?branch=${encodeURIComponent(branch)}` : "";
  const answer = await fetch(`/sessions/${session}/turns/${turn.id}/fragment${query}`);
  if (!answer.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  article.replaceWith(holder.content);
  window.ui?.refresh?.(story);
}

// Sends a request whose answer is a stream of events; resolves with what was stored, or nothing after a failure.
async function play(path, body, article, retry) {
  const target = article.querySelector(".turn-text");
  target.setAttribute("aria-busy", "true");
  target.replaceChildren();
  status.textContent = phrases["script-telling"];
  let text = "";
  let finished = null;
  let failure = null;
  let requestId = "";
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify(body),
    });
    requestId = response.headers.get("x-request-id") ?? "";
    if (!response.ok) {
      failure = await response.json();
    } else {
      await readEvents(response, (event, data) => {
        if (event === "delta") write(target, (text += data.text));
        if (event === "discarded") {
          text = "";
          write(target, "");
          status.textContent = phrases["script-discarded"];
        }
        if (event === "finished") finished = data;
        if (event === "failed") failure = data;
      });
    }
  } catch {
    // A lost connection: the turn itself goes on, so the answer is said to be missing, not the turn.
  }
  target.removeAttribute("aria-busy");
  if (finished) {
    status.textContent = phrases["script-told"];
    return finished;
  }
  status.textContent = "";
  // The key's first turn was stored after all, and the line was changed since: it becomes a turn of its own.
  if (failure?.code === "turn_key_reused" && form) {
    form.elements.key.value = crypto.randomUUID();
    failure.code = "head_moved";
  }
  const dropped = { detail: phrases["script-dropped"], action: "" };
  showProblem(failure ?? dropped, requestId, failure && failure.code !== "shutting_down" ? null : retry);
  return null;
}

async function send() {
  if (playing) return;
  const input = form.elements.input;
  const line = input.value.trim();
  if (!line) return;
  playing = true;
  problemBox.replaceChildren();
  form.setAttribute("aria-busy", "true");
  const before = story.querySelector("article[data-turn]:last-of-type");
  const article = newArticle(line);
  const branch = form.elements.branch.value;
  const head = form.elements.expected_head.value || null;
  const body = { key: form.elements.key.value, input: line, branch, expected_head: head };
  const played = await play(`${form.dataset.api}/turns`, body, article, send);
  playing = false;
  form.removeAttribute("aria-busy");
  if (!played) {
    article.remove();
    input.focus();
    return;
  }
  form.dispatchEvent(new Event("loom:acknowledged"));
  if (played.branch && played.branch !== branch) {
    // A retcon leads to another branch, and so to another page.
    location.assign(`/sessions/${form.dataset.session}?branch=${encodeURIComponent(played.branch)}#turn-${played.turn.number}`);
    return;
  }
  // At once: the next line may be sent before the page is settled.
  expectHead(played.turn.id);
  await settle(article, form.dataset.session, played.turn, branch);
  // The turn before is no longer the end: it can be gone back to now.
  if (before) await settle(before, form.dataset.session, { id: before.dataset.turn }, branch);
  expectHead(form.elements.expected_head.value);
  await refreshAround();
  input.focus();
}

// Every form of the page that guards the head was rendered for the head of its time.
function expectHead(id) {
  for (const input of document.querySelectorAll("input[name=expected_head]")) input.value = id;
}

// The drawer, the place and the cost: read again from the page itself, so that there is one rendering of each.
async function refreshAround() {
  const answer = await fetch(location.pathname + location.search);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const selector of ["#branches .dialog-body", ".play-head .where", "[data-session-cost]"]) {
    const [here, there] = [document.querySelector(selector), page.querySelector(selector)];
    if (here && there) here.replaceWith(there);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

document.addEventListener("submit", async (event) => {
  const again = event.target.closest?.("form[data-again]");
  if (!again || !form || playing) return;
  event.preventDefault();
  playing = true;
  problemBox.replaceChildren();
  const article = again.closest("article");
  const before = article.cloneNode(true);
  const body = { key: again.elements.key.value, branch: again.elements.branch.value };
  const path = `${form.dataset.api}/turns/${article.dataset.turn}/regenerate`;
  const played = await play(path, body, article, () => again.requestSubmit());
  playing = false;
  if (!played) {
    article.replaceWith(before);
    return;
  }
  if (played.branch && played.branch !== body.branch) {
    location.assign(`/sessions/${form.dataset.session}?branch=${encodeURIComponent(played.branch)}#turn-${played.turn.number}`);
    return;
  }
  if (form.elements.expected_head.value === article.dataset.turn) expectHead(played.turn.id);
  await settle(article, form.dataset.session, played.turn, body.branch);
  expectHead(form.elements.expected_head.value);
  await refreshAround();
});
