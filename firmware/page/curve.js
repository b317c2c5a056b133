// The power curve of one session, kept in this browser: a bounded list of points over the session's own clock.
// When the list is full, neighbours are put together, so that a whole session stays on it, however long.

const MOST = 480;
const UNSEEN_S = 20;        // more is asked of the charger
const KEY = "curve";

export class Curve {
  constructor() {
    this.points = [];       // [s since the plug-in, W, mA or null, readings in it]
    this.step = 1;          // s that one point stands for
    this.session = null;    // {number, start} of the session
    this.live = false;      // the session is under way
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      if (Array.isArray(kept?.points)) ({ points: this.points, step: this.step, session: this.session } = kept);
    } catch { /* nothing kept, or storage is switched off: begins anew */ }
  }

  // What the charger says now.
  take(facts) {
    const session = facts.session;
    this.live = Boolean(session);
    if (!session) return;
    const { number, start, duration_s: s } = session;
    const last = this.points.at(-1);
    if (this.session?.number !== number || (this.session.start && start && this.session.start !== start) || (last && s < last[0])) {
      this.points = [];
      this.step = 1;
    }
    this.session = { number, start };
    if (facts.power_w === null) return;
    if (s - (this.points.at(-1)?.[0] ?? (session.charging_s ? 0 : s)) > UNSEEN_S) {
      import("./parts/kept_curve.js").then(kept => kept.complete(this, number)).catch(() => {});
    }
    this.add(s, facts.power_w, facts.drawn_ma ?? 0);
  }

  add(s, watt, ma) {
    const last = this.points.at(-1);
    if (last && s - last[0] < this.step) {
      merge(last, watt, ma, 1);
      return;
    }
    this.points.push([s, watt, ma, 1]);
    this.fit();
  }

  fit() {
    while (this.points.length > MOST) this.thin();
  }

  thin() {
    this.step *= 2;
    const kept = [];
    for (const point of this.points) {
      const last = kept.at(-1);
      if (last && point[0] - last[0] < this.step) merge(last, point[1], point[2], point[3]);
      else kept.push(point);
    }
    this.points = kept;
  }

  // True where nobody listened between point n and the one before.
  gap(n) {
    return n > 0 && this.points[n][0] - this.points[n - 1][0] > Math.max(15, this.step * 3);
  }

  keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ points: this.points, step: this.step, session: this.session }));
    } catch { /* holds for this visit */ }
  }
}

function merge(point, watt, ma, n) {
  const all = point[3] + n;
  point[1] = Math.round((point[1] * point[3] + watt * n) / all);
  point[2] = ma === null || point[2] === null ? point[2] ?? ma : Math.round((point[2] * point[3] + ma * n) / all);
  point[3] = all;
}
