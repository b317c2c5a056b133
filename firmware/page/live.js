// Keeps the status fresh: by the charger's stream, and by asking every five seconds where there is no stream.

import { api } from "./api.js";

const POLL_MS = 5000;
const POLL_SILENT_MS = 2500;   // where a stream should speak and does not
const SILENT_MS = 4000;     // the stream speaks every second; so long without a word is a lost connection
const STREAM_AGAIN_MS = 30000;
const ASK_TIMEOUT_MS = 4000;
const LOST_MS = 5000;
const LOST_POLLING_MS = 10000;   // longer than a poll and its answer may take

export class Live {
  // onStatus(facts, asked): asked is true where this page alone was answered.
  // onLink({link: wait, on, paused, lost or locked, age_ms}) each second, and when it changes. onLocked() when only those who are
  // logged in may look.
  constructor(onStatus, onLink, onLocked) {
    Object.assign(this, { onStatus, onLink, onLocked, locked: false });
    this.heardAt = null;
    this.askedAt = 0;
    this.closedAt = 0;
    this.stream = null;
    this.paused = false;
  }

  start() {
    this.open();
    setInterval(() => this.look(), 1000);
    // A page that nobody sees gives its place back: the charger has two.
    document.addEventListener("visibilitychange", () => document.hidden ? this.close() : (this.open(), this.look()));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.open());
  }

  // Stands still until it is let go; ask() still asks once.
  pause(on) {
    this.paused = on;
    if (on) this.close();
    else {
      this.heardAt = Date.now();      // the wait begins now; what is shown is not called lost before it had a chance
      this.open();
      this.look();
    }
    this.tell();
  }

  open() {
    if (this.stream || this.paused || document.hidden) return;
    const stream = this.stream = new EventSource("api/v1/stream");
    stream.onmessage = event => { if (this.stream === stream) this.take(JSON.parse(event.data), false); };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED && this.stream === stream) this.close();   // refused: both places are taken
    };
  }

  close() {
    this.stream?.close();
    this.stream = null;
    this.closedAt = Date.now();
  }

  take(facts, asked) {
    this.heardAt = Date.now();
    this.onStatus(facts, asked);
    this.tell();
  }

  tell() {
    const age = this.heardAt === null ? null : Date.now() - this.heardAt;
    let link = "on";
    if (this.locked) link = "locked";
    else if (age === null) link = "wait";
    else if (this.paused) link = "paused";
    else if (age > (this.stream ? LOST_MS : LOST_POLLING_MS)) link = "lost";
    this.onLink({ link, age_ms: age, at: this.heardAt });
  }

  look() {
    if (document.hidden) return;
    const now = Date.now();
    const age = this.heardAt === null ? null : now - this.heardAt;
    if (!this.paused) {
      if ((age === null || age > SILENT_MS) && now - this.askedAt >= (this.stream ? POLL_SILENT_MS : POLL_MS)) this.ask();
      if (!this.stream && now - this.closedAt > STREAM_AGAIN_MS) this.open();
    }
    this.tell();
  }

  // Asks once; also used after a command, so that its effect is seen at once.
  async ask() {
    this.askedAt = Date.now();
    try {
      const answer = await fetch("api/v1/status", { cache: "no-store", signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      const before = this.locked;
      this.locked = answer.status === 401 || answer.status === 403;
      if (answer.ok) this.take(await answer.json(), true);
      else this.tell();
      if (this.locked && !before) this.onLocked();       // once: who does not want to log in is not asked again and again
    } catch { /* the age that tell() tells says it */ }
  }
}

// Gives a command; resolves to null when it was accepted, else to the error's code.
export async function command(name, args = {}) {
  try {
    await api("POST", `commands/${name}`, args, { timeout_ms: ASK_TIMEOUT_MS });
    return null;
  } catch (error) {
    return error.code;
  }
}
