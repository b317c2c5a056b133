// Every physical edge as a logic analyser shows it, with a marker to measure from.

import {$, choices, h, span, text, time} from "./dom.js";
import {COLOURS, STATE, hover, label, line, prepare} from "./screen.js";

const BASES = [
  [1e4, "10 ms"],
  [2e5, "0.2 s"],
  [2e6, "2 s"],
  [2e7, "20 s"],
  [1.2e8, "2 min"],
]; // whole window in microseconds
const LANES = [
  ["ev_state", "pilot"],
  ["duty_permille", "duty"],
  ["coil", "coil"],
  ["contacts", "contacts"],
  ["rcd_trip", "residual"],
  ["lock", "lock"],
];
const KEPT = 2000;
const LISTED = 60;

const value_words = edge =>
  typeof edge.value === "boolean"
    ? edge.value
      ? "on"
      : "off"
    : edge.signal === "duty_permille"
      ? (edge.value / 10).toFixed(1) + " %"
      : String(edge.value);

const ago = us =>
  us >= 60e6 ? `-${numbered(us / 60e6)} min` : us >= 1e6 ? `-${numbered(us / 1e6)} s` : `-${numbered(us / 1e3)} ms`;
const numbered = number => String(Math.round(number * 10) / 10);

export class Lanes {
  constructor() {
    this.canvas = $("lanes");
    this.edges = [];
    this.window_us = 2e7;
    this.now_us = 0;
    this.at = null;
    this.mark_us = null;
    this.picked = null; // the edge at the mark, if it was picked: others may have come at the same time
    this.end_us = null; // set: stands still there, as when an edge was picked in the list
    choices($("lanes_base"), "Width of the window", BASES, this.window_us, us => {
      this.window_us = us;
      this.draw();
    });
    $("lanes_base").append(
      (this.live = h("button", {type: "button", "aria-pressed": "true", onclick: () => this.follow()}, "live")),
    );
    hover(this.canvas, x => {
      this.at = x;
      this.draw();
    });
    $("edges").addEventListener("keydown", event => this.walk(event));
    this.canvas.addEventListener("click", () => {
      if (this.at !== null) {
        this.mark_us = this.time_at(this.at);
        this.picked = null;
        this.draw();
      }
    });
  }

  follow() {
    this.end_us = null;
    this.live.setAttribute("aria-pressed", "true");
    this.draw();
  }

  /** Stands still with an edge in the middle, to measure from it. */
  pick(edge) {
    this.mark_us = edge.t_us;
    this.picked = edge;
    this.end_us = edge.t_us + this.window_us * 0.7;
    this.live.setAttribute("aria-pressed", "false");
    this.draw();
  }

  /** In the list: arrow keys go from edge to edge, each becomes the mark. */
  walk(event) {
    const step = {ArrowDown: -1, ArrowUp: 1}[event.key],
      last = this.edges.length - 1;
    if (!step || last < 0) return;
    event.preventDefault();
    const now = this.edges.findLastIndex(edge => (this.picked ? edge === this.picked : edge.t_us === this.mark_us));
    this.pick(this.edges[now < 0 ? last : Math.max(0, Math.min(last, now + step))]);
  }

  update({edges, state}) {
    const now_us = state.t_ms * 1000;
    if (now_us < this.now_us) this.edges = []; // another twin
    this.now_us = Math.max(now_us, edges.at(-1)?.t_us ?? 0);
    if (edges.length) {
      this.edges = this.edges.concat(edges).slice(-KEPT);
      this.list();
    }
    this.draw();
  }

  list() {
    const last = this.edges.slice(-LISTED - 1),
      rows = [];
    for (let n = last.length - 1; n >= Math.max(0, last.length - LISTED); n--) {
      const edge = last[n],
        before = last[n - 1];
      rows.push(
        h(
          "li",
          {title: "Show in time", onclick: () => this.pick(edge)},
          h("span", {}, time(edge.t_us)),
          h("b", {}, `${edge.signal} ${value_words(edge)}`),
          h("span", {}, before ? "+" + span(edge.t_us - before.t_us) : ""),
        ),
      );
    }
    $("edges").replaceChildren(...rows);
  }

  time_at(x) {
    const end = this.end_us ?? this.now_us,
      left = this.left();
    return end - this.window_us + ((x - left) / (this.canvas.clientWidth - left - 6)) * this.window_us;
  }

  left() {
    return this.canvas.clientWidth < 420 ? 58 : 70;
  }

  draw() {
    const [pen, width, height] = prepare(this.canvas),
      left = this.left(),
      right = width - 6,
      end = this.end_us ?? this.now_us,
      begin = end - this.window_us;
    const lanes = LANES.filter(([signal]) => signal !== "lock" || this.edges.some(edge => edge.signal === "lock")),
      step = (height - 18) / lanes.length;
    const x = us => left + ((us - begin) / this.window_us) * (right - left);
    for (let n = 0; n <= 10; n++) {
      const px = left + (n * (right - left)) / 10;
      line(pen, COLOURS.grid, [
        [px, 0],
        [px, height - 16],
      ]);
      if (n % (width < 420 ? 5 : 2) === 0)
        label(
          pen,
          n === 10 ? (this.end_us === null ? "now" : "") : ago((this.window_us * (10 - n)) / 10),
          n === 10 ? right : px + 2,
          height - 8,
          COLOURS.faint,
          n === 10 ? "right" : "left",
        );
    }
    lanes.forEach(([signal, name], row) => {
      const top = row * step + 5,
        low = (row + 1) * step - 3;
      label(pen, name, 6, (top + low) / 2, COLOURS.faint);
      const mine = this.edges.filter(edge => edge.signal === signal);
      mine.forEach((edge, n) => {
        const from = Math.max(left, x(edge.t_us)),
          to = Math.min(right, n + 1 < mine.length ? x(mine[n + 1].t_us) : x(this.now_us));
        if (to <= left || from >= right || to < from) return;
        if (signal === "ev_state") {
          pen.fillStyle = STATE[edge.value] ?? COLOURS.faint;
          pen.globalAlpha = 0.28;
          pen.fillRect(from, top, to - from, low - top);
          pen.globalAlpha = 1;
          pen.fillRect(from, top, Math.min(2, to - from), low - top);
          if (to - from > 12) label(pen, String(edge.value), from + 5, (top + low) / 2, STATE[edge.value] ?? COLOURS.ink);
        } else {
          const part = signal === "duty_permille" ? edge.value / 1000 : edge.value ? 1 : 0,
            y = low - (low - top) * part;
          const colour = {coil: COLOURS.amber, contacts: COLOURS.mint, rcd_trip: COLOURS.red}[signal] ?? COLOURS.blue;
          if (part && signal !== "duty_permille") {
            pen.globalAlpha = 0.2;
            pen.fillStyle = colour;
            pen.fillRect(from, y, to - from, low - y);
            pen.globalAlpha = 1;
          }
          const before = n && mine[n - 1],
            was = before ? low - (low - top) * (signal === "duty_permille" ? before.value / 1000 : before.value ? 1 : 0) : y;
          line(
            pen,
            colour,
            x(edge.t_us) >= left
              ? [
                  [from, was],
                  [from, y],
                  [to, y],
                ]
              : [
                  [from, y],
                  [to, y],
                ],
            1.6,
          );
          if (signal === "duty_permille" && to - from > 46)
            label(pen, value_words(edge), from + 4, part > 0.6 ? y + 8 : y - 7, colour);
        }
      });
    });
    this.markers(pen, x, left, right, height);
  }

  markers(pen, x, left, right, height) {
    const mark = this.mark_us === null ? null : x(this.mark_us);
    if (mark !== null && mark >= left && mark <= right)
      line(
        pen,
        COLOURS.ink,
        [
          [mark, 0],
          [mark, height - 16],
        ],
        1,
        [3, 3],
      );
    const marked = this.picked ?? this.edges.findLast(edge => edge.t_us === this.mark_us);
    let said =
      this.mark_us === null
        ? "Tap the picture, or an edge in the list, to measure from there."
        : `Measured from ${time(this.mark_us)}${marked ? `, ${marked.signal} ${value_words(marked)}` : ""}.`;
    if (this.at !== null && this.at >= left && this.at <= right) {
      const us = this.time_at(this.at),
        near = this.edges.reduce(
          (best, edge) => (Math.abs(edge.t_us - us) < Math.abs((best?.t_us ?? Infinity) - us) ? edge : best),
          null,
        );
      const snapped = near && Math.abs(x(near.t_us) - this.at) < 8 ? near : null,
        shown = snapped?.t_us ?? us;
      line(pen, COLOURS.violet, [
        [x(shown), 0],
        [x(shown), height - 16],
      ]);
      said = time(shown) + (snapped ? `: ${snapped.signal} ${value_words(snapped)}` : "");
      said += this.mark_us === null ? "." : `, ${span(shown - this.mark_us)} from the mark.`;
    }
    text($("lanes_words"), said);
  }
}
