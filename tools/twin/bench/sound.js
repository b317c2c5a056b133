// The buzzer, heard only after somebody has asked for it.

import {$, attribute} from "./dom.js";

const LOUD = 0.04;

export class Sound {
  constructor() {
    this.context = this.tone = this.gain = null;
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

  update({state}) {
    if (!this.context) return;
    const buzzer = state.buzzer ?? {on: false}, now = this.context.currentTime;
    if (buzzer.frequency_hz > 20) this.tone.frequency.setTargetAtTime(Math.min(12_000, buzzer.frequency_hz), now, 0.002);
    this.gain.gain.setTargetAtTime(buzzer.on ? LOUD : 0, now, 0.005);
  }
}
