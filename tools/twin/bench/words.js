// Words, ranges and units for what the table of verbs names. What is missing here is shown all the same, by its name.

import {watts} from "./dom.js";

export const LABELS = {
  state: "asks for energy",
  phases: "phases",
  max_current_a: "at most",
  soc: "battery",
  diode: "diode",
  asleep: "asleep",
  stubborn: "stubborn",
  simplified: "no S2",
  battery_wh: "battery size",
  late_s: "stops late",
  overdraw_percent: "draws too much",
  pilot_ohm: "resistance at the pilot",
  cable_a: "cable with a plug",
  bcb: "B-C-B pulses",
  ambient_c: "outside",
  load_w: "load",
  solar_w: "sun",
  voltage_v: "voltage",
};
export const HINTS = {
  state: "the pilot state the car asks for",
  stubborn: "goes on when it is asked to stop",
  asleep: "ignores the pilot until it is woken",
  simplified: "a simple car without S2",
  diode: "without it the pilot swings to both sides alike",
  bcb: "a wake-up call from the car",
  cable_a: "coded by a resistor in the plug",
};
export const RANGES = {
  max_current_a: [0, 80, 1],
  soc: [0, 1, 0.01],
  load_w: [0, 9000, 50],
  solar_w: [0, 12_000, 100],
  voltage_v: [0, 280, 1],
  battery_wh: [1000, 120_000, 1000],
  late_s: [0, 60, 1],
  overdraw_percent: [0, 100, 5],
  pilot_ohm: [0, 5000, 10],
  ambient_c: [-30, 60, 1],
};
export const SHOWN = {
  max_current_a: value => value + " A",
  soc: value => Math.round(value * 100) + " %",
  load_w: watts,
  solar_w: watts,
  voltage_v: value => Math.round(value) + " V",
  battery_wh: value => value / 1000 + " kWh",
  late_s: value => value + " s",
  overdraw_percent: value => "+" + value + " %",
  pilot_ohm: value => (value ? value + " Ω" : "a car"),
  ambient_c: value => value + " °C",
};
export const STATE_WORDS = {
  auto: "when offered",
  A: "A: not seen",
  B: "B: not yet",
  C: "C: at once",
  D: "D: with ventilation",
  E: "E: short",
  F: "F: -12 V",
};
export const FAULTS = {
  weld: "the contacts of contactor 1 stick together",
  rcd_ac: "30 mA of alternating residual current",
  rcd_dc: "6 mA of direct residual current",
  pe_lost: "the protective earth is gone",
  diode: "the car's diode is shorted",
  cp_short: "the pilot is shorted to earth",
  contactor_stuck_open: "contactor 1 cannot close",
  meter_silent: "the meter does not answer",
  home_meter_silent: "the house's meter does not answer",
  reader_dead: "the card reader does not answer",
  over_temperature: "95 °C at the contactor",
  flash_full: "no room in the flash",
  power_cut: "the mains is gone",
  rcd_dead: "the residual current monitor is dead",
  sensor_open: "a temperature sensor's wire is broken",
  sensor_lost: "a temperature sensor on the one-wire bus is gone",
  lock_jammed: "the socket's lock is stuck",
  pp_short: "proximity shorted to earth",
  coil_supply_live: "the coil supply does not go away",
  meter_babbling: "the meter sends nonsense",
  meter_slow: "the meter answers late",
  meter_wrong_address: "another meter answers",
};
export const INPUTS = {
  enable: "external release",
  limit: "limit the current",
  delay: "not now",
  dim: "dim by the grid",
  upstream: "protection upstream",
};
export const CARDS = [
  ["04A1B2C3D4E5F6", "Anna's card"],
  ["04BEA7C0FFEE01", "Ben's card"],
  ["DEADBEEF", "A stranger's card"],
];
