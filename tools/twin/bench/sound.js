// The buzzer, heard only after somebody has asked for it.

import {$, attribute} from "./dom.js";

const LOUD = 0.04;
const LATE_S = 0.2;

export class Sound {
  constructor() {
    this.context = this.tone = this.gain = null;
    this.heard_us = 0;
    $("sound").addEventListener("click", () => this.turn());
  }

  turn() {
    if (!this.context) {
      this.context = new AudioContext();
      this.gain = new GainNode(this.context, {gain: 0});
      this.tone = new OscillatorNode(this.context, {type: "square", frequency: 2400});
      this.tone.connect(this.gain).connect(this.context.destination);
      this.tone.start();
      attribute($("sound"), "aria-pressed", true);
    } else {
      this.context.close();
      this.context = null;
      attribute($("sound"), "aria-pressed", false);
    }
  }

  /** Plays the buzzer's tones a moment late, so that each gets its length: what a look misses it learns of with the next. */
  update({state, tones, pace}) {
    if (!this.context) return;
    const speed = pace.paused ? 0.02 : pace.speed || 50,
      now_us = state.t_ms * 1000;
    for (const [t_us, hz] of tones) {
      if (t_us <= this.heard_us || now_us - t_us > 2e6 * speed) continue;
      const when = Math.max(this.context.currentTime, this.context.currentTime + LATE_S + (t_us - now_us) / 1e6 / speed);
      if (hz > 20) this.tone.frequency.setValueAtTime(Math.min(12_000, hz), when);
      this.gain.gain.setTargetAtTime(hz ? LOUD : 0, when, 0.003);
      this.heard_us = t_us;
    }
    if (tones.length && tones.at(-1)[0] < this.heard_us - 1e6) this.heard_us = 0; // another twin
  }
}
