// Keeps the status fresh: by the charger's stream, and by asking every five seconds where there is no stream.

const POLL_MS = 5000;
const SILENT_MS = 4000;     // the stream speaks every second; so long without a word is a lost connection
const STREAM_AGAIN_MS = 30000;
const ASK_TIMEOUT_MS = 4000;

export class Live {
  // onStatus(facts), and onAge(ms) each second: how old the newest facts are, null while there are none.
  constructor(onStatus, onAge) {
    this.onStatus = onStatus;
    this.onAge = onAge;
    this.heardAt = null;
    this.askedAt = 0;
    this.closedAt = 0;
    this.stream = null;
  }

  start() {
    this.open();
    setInterval(() => this.look(), 1000);
    // A page that nobody sees gives its place back: the charger has two.
    document.addEventListener("visibilitychange", () => document.hidden ? this.close() : (this.open(), this.look()));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.open());
  }

  open() {
    if (this.stream || document.hidden) return;
    this.stream = new EventSource("api/v1/stream");
    this.stream.onmessage = event => this.take(JSON.parse(event.data));
    this.stream.onerror = () => {
      if (this.stream?.readyState === EventSource.CLOSED) this.close();   // refused: both places are taken
    };
  }

  close() {
    this.stream?.close();
    this.stream = null;
    this.closedAt = Date.now();
  }

  take(facts) {
    this.heardAt = Date.now();
    this.onStatus(facts);
    this.onAge(0);
  }

  look() {
    if (document.hidden) return;
    const now = Date.now();
    const age = this.heardAt === null ? null : now - this.heardAt;
    if ((age === null || age > SILENT_MS) && now - this.askedAt >= POLL_MS) this.ask();
    if (!this.stream && now - this.closedAt > STREAM_AGAIN_MS) this.open();
    this.onAge(age);
  }

  // Asks once; also used after a command, so that its effect is seen at once.
  async ask() {
    this.askedAt = Date.now();
    try {
      const answer = await fetch("api/v1/status", { cache: "no-store", signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (answer.ok) this.take(await answer.json());
    } catch { /* the age that look() tells says it */ }
  }
}

// Gives a command; resolves to null when it was accepted, else to the error's code.
export async function command(name, args = {}) {
  try {
    const answer = await fetch(`api/v1/commands/${name}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(args),
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    if (answer.ok) return null;
    return (await answer.json()).error.code;
  } catch {
    return "unreachable";
  }
}
