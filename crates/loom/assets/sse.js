// Reads server-sent events from the body of an answer. The browser's own EventSource cannot send a POST.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
// Files are served under names with their hash, which an import cannot know: other scripts find this as window.loom.

// Feeds text in any pieces; calls back with { event, data } for each whole event.
class EventParser {
  #buffer = "";
  #event = "";
  #data = [];
  #onEvent;

  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  push(text) {
    this.#buffer += text;
    let match;
    // A line end may be CR, LF or both; a CR at the end of a piece may be half of a pair.
    while ((match = /\r\n|\n|\r(?!$)/.exec(this.#buffer))) {
      const line = this.#buffer.slice(0, match.index);
      this.#buffer = this.#buffer.slice(match.index + match[0].length);
      this.#line(line);
    }
  }

  #line(line) {
    if (line === "") {
      if (this.#data.length) this.#onEvent({ event: this.#event || "message", data: this.#data.join("\n") });
      this.#event = "";
      this.#data = [];
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
  }
}

// Reads an answer to its end. Data that is not JSON is passed over: a newer server may send more kinds.
async function readEvents(response, onEvent) {
  const decoder = new TextDecoder();
  const parser = new EventParser(({ event, data }) => {
    let value;
    try {
      value = JSON.parse(data);
    } catch {
      return;
    }
    onEvent(event, value);
  });
  const reader = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parser.push(decoder.decode(value, { stream: true }));
  }
}

window.loom = { EventParser, readEvents };
