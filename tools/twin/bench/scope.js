// The oscilloscope on the control pilot: the voltage at the charger's terminal as the circuit of waveform.py gives it.

import {$, choices, text} from "./dom.js";
import {COLOURS, STATE, label, line, prepare} from "./screen.js";

const BASES = [
  [1e-5, "10 µs"],
  [5e-5, "50 µs"],
  [2e-4, "200 µs"],
  [5e-4, "500 µs"],
]; // seconds per division
const DIVISIONS = 10;
const TOP_V = 15.5;
// What the standard lets the charger take for a state: middle +- 1 V.
const WINDOWS = [
  ["A", 11, 13],
  ["B", 8, 10],
  ["C", 5, 7],
  ["D", 2, 4],
  ["E", -1, 1],
  ["F", -13, -11],
];
const NAMES = {
  A: "no vehicle",
  B: "vehicle connected",
  C: "vehicle asks for energy",
  D: "vehicle asks, with ventilation",
  E: "no supply or short",
  F: "charger not available",
};

/** The letter whose window holds a plateau, "?" between the windows. */
export const letter = volts => WINDOWS.find(([, low, high]) => volts >= low && volts <= high)?.[0] ?? "?";

export class Scope {
  constructor(live) {
    this.live = live;
    this.key = null; // what the samples were taken of
    this.samples = null;
    this.canvas = $("scope");
    this.base = 2e-4;
    this.cp = null;
    choices($("scope_base"), "Time per division", BASES, this.base, base => {
      this.base = base;
      this.sample();
      this.draw();
    });
  }

  update({state}) {
    this.cp = state.cp;
    this.powered = state.powered;
    this.hanging = state.ev.state;
    this.sample();
    this.draw();
    const {high_mv, low_mv, duty_permille, frequency_hz, disconnected} = state.cp,
      steady = !frequency_hz;
    const now = steady ? (duty_permille >= 500 ? high_mv : low_mv) : high_mv,
      found = letter(now / 1000);
    const v = mv => (mv / 1000).toFixed(2) + " V";
    const duty = `${(duty_permille / 10).toFixed(1)} % of ${frequency_hz} Hz`;
    const wave = steady ? "steady " + v(now) : `${v(high_mv)} and ${v(low_mv)}, ${duty}`;
    const state_words = found === "?" ? "between the windows" : `state ${found}${steady ? "1" : "2"}, ${NAMES[found]}`;
    const line_words = disconnected ? " The charger has disconnected the line." : "";
    const offer = state.ev.plugged ? ` The car understands ${(state.ev.offer_ma / 1000).toFixed(1)} A.` : "";
    text(
      $("scope_words"),
      !state.powered
        ? "The charger has no supply: no pilot."
        : `${wave}: ${state_words}.${line_words}${offer}`,
    );
  }

  /** Asks for the wave when it has become another one. */
  async sample() {
    const key = JSON.stringify([this.cp, this.powered, this.hanging, this.base]);
    if (!this.cp || key === this.key) return;
    this.key = key;
    try {
      const wave = await this.live.get("scope?width_us=" + Math.round(this.base * DIVISIONS * 1e6));
      if (key === this.key && wave.mv) this.samples = wave;
    } catch {
      this.key = null;
    }
    this.draw();
  }

  draw() {
    const [pen, width, height] = prepare(this.canvas),
      right = width - 4,
      left = 4;
    const y = volts => height / 2 - (volts * height) / 2 / TOP_V,
      cp = this.cp;
    const plateaus = cp ? [cp.high_mv / 1000, cp.low_mv / 1000] : [];
    for (const [name, low, high] of WINDOWS) {
      const here = cp && this.powered && letter(cp.frequency_hz || cp.duty_permille >= 500 ? plateaus[0] : plateaus[1]) === name;
      pen.globalAlpha = here ? 0.3 : 0.1;
      pen.fillStyle = STATE[name];
      pen.fillRect(left, y(high), right - left, y(low) - y(high));
      pen.globalAlpha = 1;
      label(pen, name, right - 6, y((low + high) / 2), STATE[name], "right");
    }
    for (let n = 1; n < DIVISIONS; n++)
      line(pen, n === DIVISIONS / 2 ? COLOURS.axis : COLOURS.grid, [
        [left + (n * (right - left)) / DIVISIONS, 0],
        [left + (n * (right - left)) / DIVISIONS, height],
      ]);
    for (const volts of [-12, -9, -6, -3, 0, 3, 6, 9, 12]) {
      line(pen, volts ? COLOURS.grid : COLOURS.axis, [
        [left, y(volts)],
        [right, y(volts)],
      ]);
      if (volts % 6 === 0) label(pen, (volts > 0 ? "+" : "") + volts + " V", left + 3, y(volts) - 7);
    }
    if (!cp) return;
    const total = this.base * DIVISIONS,
      period = cp.frequency_hz ? 1 / cp.frequency_hz : 0,
      on = (period * cp.duty_permille) / 1000;
    const before = total / DIVISIONS; // the rising edge stands one division from the left
    if (!this.samples || this.samples.width_us !== Math.round(total * 1e6)) return;
    const {mv} = this.samples,
      points = mv.map((one, n) => [left + ((right - left) * n) / (mv.length - 1), y(one / 1000)]);
    pen.shadowColor = COLOURS.mint;
    pen.shadowBlur = 8;
    line(pen, COLOURS.mint, points, 2);
    pen.shadowBlur = 0;
    if (period && total >= on + before) {
      const a = left + ((right - left) * before) / total,
        b = left + ((right - left) * (before + on)) / total,
        mark = height - 12;
      line(pen, COLOURS.amber, [
        [a, mark - 5],
        [a, mark + 5],
      ]);
      line(pen, COLOURS.amber, [
        [b, mark - 5],
        [b, mark + 5],
      ]);
      line(pen, COLOURS.amber, [
        [a, mark],
        [b, mark],
      ]);
      const words = `${(on * 1e6).toFixed(0)} µs = ${(cp.duty_permille / 10).toFixed(1)} %`;
      label(
        pen,
        words,
        b + 5 + pen.measureText(words).width < right - 16 ? b + 5 : a + 4,
        b + 5 + pen.measureText(words).width < right - 16 ? mark : mark - 11,
        COLOURS.amber,
      );
    }
  }
}
