// The strip chart: offered, limit and drawn current and the power over the last minutes, with the values under the pointer.

import {$, amps, choices, text, time, watts} from "./dom.js";
import {COLOURS, hover, label, line, prepare} from "./screen.js";

const BASES = [
  [60, "1 min"],
  [300, "5 min"],
  [1800, "30 min"],
  [7200, "2 h"],
];
const KEPT = 6000;
const ROWS = [
  ["limit", COLOURS.amber, [5, 4]],
  ["offered", COLOURS.blue, []],
  ["drawn", COLOURS.mint, []],
];

export class Strip {
  constructor() {
    this.canvas = $("strip");
    this.points = []; // {t (s), offered, limit, drawn (mA), power (W)}
    this.window_s = 60;
    this.at = null;
    choices($("strip_base"), "Width of the chart", BASES, this.window_s, s => {
      this.window_s = s;
      this.draw();
    });
    hover(this.canvas, x => {
      this.at = x;
      this.draw();
    });
  }

  update({state, charger, history}) {
    if (history)
      this.points = history.map(([t_ms, offered, limit, drawn, power, why]) => ({
        t: t_ms / 1000,
        offered,
        limit,
        drawn,
        power,
        why,
      }));
    const t = state.t_ms / 1000;
    if (this.points.length && t < this.points.at(-1).t) this.points = []; // another twin
    const last = this.points.at(-1);
    const point = {
      t,
      offered: charger?.offered_ma ?? null,
      limit: charger?.limit_ma ?? null,
      drawn: Math.max(...state.meter.current_ma),
      power: state.meter.power_w,
      why: charger?.limited_by ?? null,
    };
    const before = this.points.at(-2),
      same = (a, b) => a.offered === b.offered && a.limit === b.limit && a.drawn === b.drawn && a.power === b.power;
    if (last && before && same(last, point) && same(before, point)) this.points.pop(); // a straight line needs its ends only
    if (!last || t > last.t) this.points.push(point);
    if (this.points.length > KEPT) this.points = this.points.filter((_, n) => n % 2 === 0 || n > KEPT - 500);
    this.draw();
  }

  draw() {
    const [pen, width, height] = prepare(this.canvas),
      left = 34,
      right = width - 40,
      bottom = height - 18,
      last = this.points.at(-1);
    const end = last?.t ?? 0,
      begin = end - this.window_s,
      shown = this.points.filter((point, n) => point.t >= begin || this.points[n + 1]?.t >= begin);
    const most = Math.max(16_000, ...shown.flatMap(point => [point.offered ?? 0, point.limit ?? 0, point.drawn])),
      top_a = most > 40_000 ? 96 : most > 20_000 ? 48 : 24;
    const strongest = Math.max(4000, ...shown.map(point => point.power)),
      top_w = strongest > 16_000 ? 60_000 : strongest > 5000 ? 18_000 : 6000;
    const x = t => left + ((t - begin) / this.window_s) * (right - left),
      y = ma => bottom - (ma / 1000 / top_a) * (bottom - 6),
      yw = w => bottom - (w / top_w) * (bottom - 6);
    for (let n = 0; n <= 6; n++) {
      const line_y = bottom - (n / 6) * (bottom - 6);
      line(pen, COLOURS.grid, [
        [left, line_y],
        [right, line_y],
      ]);
      if (n) {
        label(pen, String((top_a * n) / 6).slice(0, 4), left - 5, line_y, COLOURS.faint, "right");
        label(pen, String((top_w * n) / 6000).slice(0, 4), right + 5, line_y, COLOURS.violet);
      }
    }
    label(pen, "A", left - 5, bottom, COLOURS.faint, "right");
    label(pen, "kW", right + 5, bottom, COLOURS.violet);
    for (let n = 0; n <= 5; n++) {
      const px = left + (n / 5) * (right - left),
        ago = (this.window_s * (5 - n)) / 5;
      line(pen, COLOURS.grid, [
        [px, 6],
        [px, bottom],
      ]);
      if (n % 2 === 1 || width > 420)
        label(
          pen,
          ago ? "-" + (ago >= 120 ? ago / 60 + " min" : ago + " s") : "now",
          n ? px : px + 2,
          height - 8,
          COLOURS.faint,
          n === 5 ? "right" : n ? "center" : "left",
        );
    }
    if (shown.length) {
      pen.save();
      pen.beginPath();
      pen.rect(left, 0, right - left, height);
      pen.clip();
      const first = x(shown[0].t),
        body = shown.map(point => [x(point.t), y(point.drawn)]);
      pen.beginPath();
      pen.moveTo(first, bottom);
      body.forEach(([px, py]) => pen.lineTo(px, py));
      pen.lineTo(body.at(-1)[0], bottom);
      pen.fillStyle = COLOURS.mint + "33";
      pen.fill();
      line(
        pen,
        COLOURS.violet,
        shown.map(point => [x(point.t), yw(point.power)]),
        1.2,
      );
      for (const [name, colour, dash] of ROWS)
        this.trace(
          pen,
          colour,
          dash,
          shown.map(point => (point[name] === null ? null : [x(point.t), y(point[name])])),
          name !== "drawn",
        );
      pen.restore();
    }
    let at = left + 4;
    for (const [name, colour] of [...ROWS, ["power", COLOURS.violet]]) {
      line(
        pen,
        colour,
        [
          [at, 13],
          [at + 8, 13],
        ],
        3,
      );
      label(pen, name, at + 11, 13, COLOURS.ink);
      at += 19 + pen.measureText(name).width;
    }
    let one = last,
      where = "now";
    if (this.at !== null && shown.length) {
      const t = begin + ((this.at - left) / (right - left)) * this.window_s;
      one = shown.reduce((best, point) => (Math.abs(point.t - t) < Math.abs(best.t - t) ? point : best));
      where = time(one.t * 1e6, 0);
      line(
        pen,
        COLOURS.ink,
        [
          [x(one.t), 6],
          [x(one.t), bottom],
        ],
        1,
        [2, 3],
      );
    }
    if (one)
      text(
        $("strip_words"),
        `${where}: offered ${amps(one.offered)}, limit ${amps(one.limit)}${one.why ? ` (${one.why})` : ""}, ` +
          `drawn ${amps(one.drawn)}, ${watts(one.power)}.`,
      );
  }

  /** A line with gaps where there is no value; what is set holds until it is set anew (stairs). */
  trace(pen, colour, dash, points, stairs) {
    let run = [];
    const flush = () => {
      if (run.length) line(pen, colour, run, 2, dash);
      run = [];
    };
    for (const point of points) {
      if (!point) {
        flush();
        continue;
      }
      if (stairs && run.length) run.push([point[0], run.at(-1)[1]]);
      run.push(point);
    }
    flush();
  }
}
