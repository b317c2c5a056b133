// The one line to the bench: asks for the picture of everything again and again, and says what was ordered.

const GAP_MS = 110; // between an answer and the next question: eight looks a second
const LOST_GAP_MS = 1000;
const LONGEST_MS = 5000;

/** Listeners are called as picture(p), lost(yes) and refused(text); text "" takes the last refusal away. */
export class Live {
  constructor(listeners) {
    this.listeners = listeners;
    this.after = null;
    this.timer = null;
    this.asking = false;
    document.addEventListener("visibilitychange", () => this.soon());
  }

  /** Looks again at once, as after an order. */
  soon() {
    if (this.asking || document.hidden) return;
    clearTimeout(this.timer);
    this.look();
  }

  async look() {
    this.asking = true;
    let gap = GAP_MS;
    try {
      const answer = await fetch("/api/live" + (this.after === null ? "" : "?after=" + this.after), {
        signal: AbortSignal.timeout(LONGEST_MS),
      });
      const picture = await answer.json();
      if (!answer.ok) throw new Error(picture.error?.message);
      this.after = picture.edge_number;
      this.listeners.lost(false);
      this.listeners.picture(picture);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) console.error(error);
      this.listeners.lost(true);
      gap = LOST_GAP_MS;
    }
    this.asking = false;
    if (!document.hidden) this.timer = setTimeout(() => this.look(), gap);
  }

  async get(path) {
    return (await fetch("/api/" + path)).json();
  }

  /** Carries out an order; the answer, or null when it was refused. */
  async post(verb, body) {
    let answer = null;
    try {
      const response = await fetch("/api/" + verb, {
        method: "POST",
        body: JSON.stringify(body),
        headers: {"Content-Type": "application/json"},
      });
      const data = await response.json();
      this.listeners.refused(data?.error?.message ?? "");
      answer = response.ok ? data : null;
    } catch {
      this.listeners.refused("The twin does not answer.");
    }
    this.soon();
    return answer;
  }
}

/** Calls act(value) at most every `gap` ms, with the last value always: for what is dragged. */
export function calmly(act, gap = 90) {
  let waiting = null,
    busy = false;
  const run = async () => {
    busy = true;
    while (waiting) {
      const [value] = waiting;
      waiting = null;
      await act(value);
      await new Promise(done => setTimeout(done, gap));
    }
    busy = false;
  };
  return value => {
    waiting = [value];
    if (!busy) run();
  };
}
