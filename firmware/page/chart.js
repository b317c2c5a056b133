// Draws the power curve, and tells the value under a finger, the mouse or the arrow keys.

import * as t from "./texts.js";

const SVG = document.querySelector("svg").namespaceURI;
const LEFT = 46, RIGHT = 14, TOP = 10, BOTTOM = 24;      // px around the plot
const STEPS_S = [15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
const STEPS_W = [100, 250, 500, 1000, 2000, 2500, 5000, 10000];

function make(name, parent, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

export class Chart {
  // curve: Curve; place: the slider; readout: where the value is told.
  constructor(curve, place, readout) {
    Object.assign(this, { curve, place, readout, picked: null, hovering: false });
    this.svg = make("svg", place, { "aria-hidden": "true" });
    this.grid = make("g", this.svg);
    this.area = make("path", this.svg, { class: "area" });
    this.line = make("path", this.svg, { class: "line" });
    this.rule = make("path", this.svg, { class: "rule" });
    this.dot = make("circle", this.svg, { class: "dot", r: 5 });
    new ResizeObserver(() => this.draw()).observe(place);
    place.addEventListener("pointerdown", event => { this.hovering = false; this.pick(this.nearest(event)); });
    place.addEventListener("pointermove", event => {
      if (!event.buttons && event.pointerType === "mouse" && (this.picked === null || this.hovering)) {
        this.hovering = true;
        this.pick(this.nearest(event));
      } else if (event.buttons) this.pick(this.nearest(event));
    });
    place.addEventListener("pointerleave", () => { if (this.hovering) this.pick(null); });
    place.addEventListener("keydown", event => this.key(event));
  }

  key(event) {
    const last = this.curve.points.length - 1;
    if (last < 0) return;
    const at = this.index() ?? last;
    const wide = Math.max(1, Math.round(last / 10));
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - wide, PageUp: at + wide,
      Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.hovering = false;
    this.pick(to === null ? null : this.curve.points[Math.min(last, Math.max(0, to))][0]);
  }

  // The moment (s) of the point nearest to the pointer.
  nearest(event) {
    const x = event.clientX - this.place.getBoundingClientRect().left;
    let best = null;
    for (const [s] of this.curve.points) if (best === null || Math.abs(this.x(s) - x) < Math.abs(this.x(best) - x)) best = s;
    return best;
  }

  pick(s) {
    this.picked = s;
    if (s === null) this.hovering = false;
    this.draw();
  }

  // Index of the picked point: points melt together while one looks, so the moment counts.
  index() {
    if (this.picked === null || !this.curve.points.length) return null;
    let best = 0;
    this.curve.points.forEach(([s], n) => {
      if (Math.abs(s - this.picked) < Math.abs(this.curve.points[best][0] - this.picked)) best = n;
    });
    return best;
  }

  draw() {
    const { points, session } = this.curve;
    const width = this.place.clientWidth, height = this.place.clientHeight;
    if (!width) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const from = points.length ? points[0][0] : 0;
    const to = Math.max(from + 60, points.length ? points.at(-1)[0] : 0);
    const most = points.reduce((high, point) => Math.max(high, point[1]), 1000) * 1.08;
    this.x = s => LEFT + (s - from) / (to - from) * (width - LEFT - RIGHT);
    const y = w => height - BOTTOM - Math.max(0, w) / most * (height - TOP - BOTTOM);
    this.drawGrid(width, height, from, to, most, y, session?.start);
    let line = "", area = "", since = 0;
    points.forEach(([s, w], n) => {
      const fresh = n === 0 || this.curve.gap(n);
      if (fresh) since = s;
      line += `${fresh ? "M" : "L"}${this.x(s).toFixed(1)} ${y(w).toFixed(1)}`;
      area += `${fresh ? `M${this.x(s).toFixed(1)} ${y(0)}L` : "L"}${this.x(s).toFixed(1)} ${y(w).toFixed(1)}`;
      if (n === points.length - 1 || this.curve.gap(n + 1)) area += `L${this.x(s).toFixed(1)} ${y(0)}L${this.x(since).toFixed(1)} ${y(0)}Z`;
    });
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", area);
    const at = this.index() ?? points.length - 1;
    const point = points[at];
    for (const mark of [this.dot, this.rule]) mark.toggleAttribute("hidden", !point || (mark === this.rule && this.picked === null));
    if (point) {
      this.dot.setAttribute("cx", this.x(point[0]));
      this.dot.setAttribute("cy", y(point[1]));
      this.rule.setAttribute("d", `M${this.x(point[0]).toFixed(1)} ${TOP}V${height - BOTTOM}`);
    }
    this.tell(at, point, session?.start);
  }

  drawGrid(width, height, from, to, most, y, start) {
    this.grid.replaceChildren();
    const rise = STEPS_W.find(step => most / step <= 4.5) ?? 20000;
    for (let w = 0; w < most; w += rise) {
      make("path", this.grid, { d: `M${LEFT} ${y(w).toFixed(1)}H${width - RIGHT}` });
      make("text", this.grid, { x: LEFT - 8, y: y(w) + 4, "text-anchor": "end" }).textContent = t.kilowattPlain(w);
    }
    make("text", this.grid, { x: LEFT - 8, y: height - 5, "text-anchor": "end" }).textContent = "kW";
    const room = step => Math.floor((width - LEFT - RIGHT) / (step < 60 ? 84 : 62));      // that many labels fit
    const run = STEPS_S.find(step => (to - from) / step <= room(step)) ?? 86400 * Math.ceil((to - from) / 86400 / room(86400));
    const zero = start ? Math.floor(new Date(start).getTime() / 1000) % run : 0;       // ticks at round times of day
    for (let s = Math.ceil((from + zero) / run) * run - zero; s <= to; s += run) {
      const x = this.x(s);
      if (x > width - 28) break;
      if (x > LEFT + 12) {
        make("text", this.grid, { x, y: height - 5, "text-anchor": "middle" }).textContent = t.clockAt(start, s, run < 60);
      }
    }
  }

  tell(at, point, start) {
    let words = t.text("curve_none");
    if (point) words = t.text(point[2] === null ? "curve_power" : "curve_value", { time: t.clockAt(start, point[0], true), power: t.watt(point[1]), a: t.ampereFine(point[2]) });
    if (this.readout.textContent !== words) this.readout.textContent = words;
    this.place.setAttribute("aria-valuemax", Math.max(0, this.curve.points.length - 1));
    this.place.setAttribute("aria-valuenow", Math.max(0, at));
    this.place.setAttribute("aria-valuetext", words);
  }
}
