// The panels: switches and fields made from the bench's own table of verbs, so that a new field there is a new field here.

import {h, attribute, amps, text, watts, words} from "./dom.js";
import {calmly} from "./live.js";
import {hold} from "./scene_wallbox.js";

const LABELS = {state: "asks for energy", phases: "phases", max_current_a: "at most", soc: "battery", diode: "diode", asleep: "asleep", stubborn: "stubborn", simplified: "no S2", battery_wh: "battery size", late_s: "stops late", overdraw_percent: "draws too much", pilot_ohm: "resistance at the pilot", cable_a: "cable with a plug", bcb: "B-C-B pulses", ambient_c: "outside", load_w: "load", solar_w: "sun", voltage_v: "voltage"};
const HINTS = {state: "the pilot state the car asks for", stubborn: "goes on when it is asked to stop", asleep: "ignores the pilot until it is woken", simplified: "a simple car without S2", diode: "without it the pilot swings to both sides alike", bcb: "a wake-up call from the car", cable_a: "coded by a resistor in the plug"};
const RANGES = {max_current_a: [0, 80, 1], soc: [0, 1, 0.01], load_w: [0, 9000, 50], solar_w: [0, 12_000, 100], voltage_v: [0, 280, 1], battery_wh: [1000, 120_000, 1000], late_s: [0, 60, 1], overdraw_percent: [0, 100, 5], pilot_ohm: [0, 5000, 10], ambient_c: [-30, 60, 1]};
const SHOWN = {max_current_a: value => value + " A", soc: value => Math.round(value * 100) + " %", load_w: watts, solar_w: watts, voltage_v: value => Math.round(value) + " V", battery_wh: value => value / 1000 + " kWh", late_s: value => value + " s", overdraw_percent: value => "+" + value + " %", pilot_ohm: value => value ? value + " Ω" : "a car", ambient_c: value => value + " °C"};
const STATE_WORDS = {auto: "when offered", A: "A: not seen", B: "B: not yet", C: "C: at once", D: "D: with ventilation", E: "E: short", F: "F: -12 V"};
const FAULTS = {weld: "the contacts of contactor 1 stick together", rcd_ac: "30 mA of alternating residual current", rcd_dc: "6 mA of direct residual current", pe_lost: "the protective earth is gone",
  diode: "the car's diode is shorted", cp_short: "the pilot is shorted to earth", contactor_stuck_open: "contactor 1 cannot close", meter_silent: "the meter does not answer",
  home_meter_silent: "the house's meter does not answer", reader_dead: "the card reader does not answer", over_temperature: "95 °C at the contactor", flash_full: "no room in the flash", power_cut: "the mains is gone", rcd_dead: "the residual current monitor is dead",
  sensor_open: "a temperature sensor's wire is broken", lock_jammed: "the socket's lock is stuck", pp_short: "proximity shorted to earth", coil_supply_live: "the coil supply does not go away",
  meter_babbling: "the meter sends nonsense", meter_slow: "the meter answers late", meter_wrong_address: "another meter answers"};
const INPUTS = {enable: "external release", limit: "limit the current", delay: "not now", dim: "dim by the grid", upstream: "protection upstream"};
export const CARDS = [["04A1B2C3D4E5F6", "Anna's card"], ["04BEA7C0FFEE01", "Ben's card"], ["DEADBEEF", "A stranger's card"]];
const ORDERS = ["bcb"];
const OWN = ["ev", "house", "fault", "button", "input", "card", "time", "reset", "scenario"];

const numbered = number => Number(number.toFixed(6));

/** A slider or number field for a bounded number. */
function numeric(name, label, kind, act) {
  const [low, high, step] = RANGES[name] ?? [kind.low, kind.high, kind.whole ? 1 : (kind.high - kind.low) / 100];
  const ask = calmly(act);
  let until = 0;
  const output = h("output");
  const input = h("input", {type: "range", min: Math.max(low, kind.low), max: Math.min(high, kind.high), step, oninput: () => {
    until = performance.now() + 900;
    const value = numbered(Number(input.value));
    text(output, (SHOWN[name] ?? String)(value));
    ask(value);
  }});
  return {element: h("label", {class: "field"}, label, output, input), show(value) {
    if (performance.now() < until) return;
    if (Number(input.value) !== value) input.value = value;
    text(output, (SHOWN[name] ?? String)(value));
  }};
}

function flag(label, hint, act) {
  const button = h("button", {type: "button", title: hint, onclick: () => act(button.getAttribute("aria-pressed") !== "true")}, label);
  return {element: button, show: on => attribute(button, "aria-pressed", Boolean(on))};
}

function chosen(name, label, kind, act) {
  const names = name === "state" ? STATE_WORDS : {};
  const select = h("select", {onchange: () => act(select.value)}, kind.words.map(word => h("option", {value: word}, names[word] ?? words(word))));
  return {element: h("label", {class: "field"}, label, select), show(value) { if (document.activeElement !== select && select.value !== String(value)) select.value = value; }};
}

/** One of some whole numbers. */
function one_of(label, kind, act) {
  const shown = number => label === LABELS.cable_a ? (number ? number + " A" : "none, fixed") : String(number);
  const select = h("select", {onchange: () => act(Number(select.value))}, kind.numbers.map(number => h("option", {value: number}, shown(number))));
  return {element: h("label", {class: "field"}, label, select), show(value) { if (document.activeElement !== select && Number(select.value) !== value) select.value = value; }};
}

/** A number that is an order and no state. */
function order(label, hint, kind, act) {
  const input = h("input", {type: "number", min: kind.low, max: kind.high, value: 3, "aria-label": label});
  const element = h("div", {class: "row"}, input, h("button", {type: "button", title: hint, onclick: () => act(Number(input.value))}, "Send " + label));
  return {element, show() {}};
}

/** What nobody foresaw: JSON, or a word. */
function free(label, kind, act) {
  const input = h("input", {type: "text", placeholder: kind.allowed, onchange: () => { try { act(JSON.parse(input.value)); } catch { act(input.value); } }});
  return {element: h("label", {class: "field"}, label, input), show(value) { if (document.activeElement !== input && value !== undefined) input.value = typeof value === "string" ? value : JSON.stringify(value); }};
}

function per_phase(name, label, kind, now, act) {
  const each = [0, 1, 2].map(n => numeric(name, `${label} L${n + 1}`, kind, value => act(now().map((one, phase) => phase === n ? value : one))));
  return {element: each.map(one => one.element), show: values => values.forEach((value, n) => each[n].show(value))};
}

function field(name, kind, now, act) {
  const label = LABELS[name] ?? words(name), send = value => act({[name]: value});
  if (kind.kind === "flag") return flag(label, HINTS[name], send);
  if (kind.kind === "choice") return chosen(name, label, kind, send);
  if (kind.kind === "one_of") return one_of(label, kind, send);
  if (kind.kind === "number" && ORDERS.includes(name)) return order(label, HINTS[name], kind, send);
  if (kind.kind === "number") return numeric(name, label, kind, send);
  if (kind.kind === "per_phase") return per_phase(name, label, kind, () => now()[name], send);
  return free(label, kind, send);
}

/** Fills host with the fields of a verb. Returns show(values). */
function form(host, fields, now, act, skip = []) {
  const made = Object.entries(fields).filter(([name]) => !skip.includes(name)).map(([name, kind]) => [name, kind, field(name, kind, now, act)]);
  const flags = made.filter(([, kind]) => kind.kind === "flag");
  host.append(...made.filter(([, kind]) => kind.kind !== "flag").flatMap(([, , one]) => one.element), h("div", {class: "row"}, flags.map(([, , one]) => one.element)));
  return values => made.forEach(([name, , one]) => {
    const value = values[name === "state" && "asks" in values ? "asks" : name];
    if (value !== undefined && value !== null) one.show(value);
  });
}

/** A button that acts as long as it is held. */
function press(label, name, act) {
  const button = h("button", {type: "button"}, label);
  hold(button, () => act.press(name), () => act.release(name));
  return button;
}

/** Fills all panels from the table; the result's update(picture) shows what is. */
export function makeControls(hosts, table, act) {
  const verbs = table.verbs, later = table.not_simulated_yet;
  let state = null;
  const car = form(hosts.car, verbs.ev.fields, () => state.ev, act.ev, ["plugged"]);
  const plug = h("button", {type: "button", onclick: () => act.ev({plugged: !state.ev.plugged})}, "Plug in");
  hosts.car.prepend(h("div", {class: "row"}, plug));
  const house = form(hosts.house, verbs.house.fields, () => state.house, act.house);
  const faults = verbs.fault.fields.name.words.map(name => {
    const button = h("button", {type: "button", onclick: () => act.post("fault", {name, on: !state.faults[name]})}, words(name), h("small", {}, FAULTS[name] ?? "", later.includes(name) ? " (only noted, not simulated yet)" : ""));
    return [name, button];
  });
  hosts.faults.append(...faults.map(([, button]) => button));
  const inputs = verbs.input.fields.name.words.map(name => [name, h("button", {type: "button", title: INPUTS[name], onclick: () => act.post("input", {name, on: !state.inputs[name]})}, INPUTS[name] ?? words(name))]);
  const uid = h("input", {type: "text", maxlength: 20, placeholder: "04A1B2C3D4E5F6", spellcheck: "false", autocapitalize: "characters", "aria-label": "UID of any other card"});
  const present = () => uid.value && act.card(uid.value.trim());
  uid.addEventListener("keydown", event => { if (event.key === "Enter") present(); });
  const held = h("span", {class: "held"}), since = {};
  hosts.box.append(
    h("h3", {}, "Buttons, held as long as you like"), h("div", {class: "row"}, verbs.button.fields.name.words.map(name => press(words(name), name, act)), held),
    h("h3", {}, "Cards"), h("div", {class: "row"}, CARDS.map(([number, name]) => h("button", {type: "button", title: number, onclick: () => act.card(number)}, name))),
    h("div", {class: "row"}, uid, h("button", {type: "button", onclick: present}, "Present")),
    h("h3", {}, "External inputs"), h("div", {class: "row"}, inputs.map(([, button]) => button)));
  const extra = OWN.concat().reduce((rest, name) => rest.filter(verb => verb !== name), Object.keys(verbs));
  const more = extra.map(verb => [verb, form(hosts.more.appendChild(h("div", {class: "fields"}, h("h3", {}, words(verb)))), verbs[verb].fields, () => state[verb] ?? {}, values => act.post(verb, values))]);
  attribute(hosts.more_panel, "hidden", extra.length ? null : "");
  return {
    update(picture) {
      state = picture.state;
      car(state.ev);
      house(state.house);
      attribute(plug, "aria-pressed", state.ev.plugged);
      text(plug, state.ev.plugged ? "Unplug" : "Plug in");
      faults.forEach(([name, button]) => attribute(button, "aria-pressed", Boolean(state.faults[name])));
      inputs.forEach(([name, button]) => attribute(button, "aria-pressed", Boolean(state.inputs[name])));
      more.forEach(([verb, show]) => show(state[verb] ?? {}));
      for (const [name, on] of Object.entries(state.buttons)) since[name] = on ? since[name] ?? state.t_ms : null;
      text(held, Object.entries(since).filter(([, t_ms]) => t_ms !== null).map(([name, t_ms]) => `${name} held ${((state.t_ms - t_ms) / 1000).toFixed(1)} s`).join(", "));
    },
  };
}

/** The figures below the drawing: [name, value, small words]. */
export function figures({state, charger}) {
  const {ev, meter, house} = state, most = Math.max(...ev.phase_currents_ma);
  return [
    ["Pilot", state.powered ? ev.state : "–", state.cp.disconnected ? "disconnected" : (state.cp.duty_permille / 10).toFixed(1) + " % duty"],
    ["Offered", amps(charger?.offered_ma), ev.plugged ? "car reads " + amps(ev.offer_ma) : "no car"],
    ["Limit", amps(charger?.limit_ma), charger?.limited_by ? words(charger.limited_by) : ""],
    ["Drawn", amps(most), ev.phase_currents_ma.map(ma => (ma / 1000).toFixed(1)).join(" · ")],
    ["Power", watts(meter.power_w), (meter.energy_mwh / 1e6).toFixed(3) + " kWh"],
    ["Grid", watts(house.grid_w), house.grid_current_ma.map(ma => (ma / 1000).toFixed(1)).join(" · ")],
    ["Battery", (ev.soc * 100).toFixed(1) + " %", ev.asleep ? "asleep" : ev.soc >= 1 ? "full" : `of ${ev.battery_wh / 1000} kWh`],
    ["Contactor", state.contactor.welded ? "welded" : state.contactor.closed ? "closed" : "open", state.contactor.coil_supply ? "coil supply armed" : "coil supply off"],
    ["Warmth", Math.round(state.temperatures.relay) + " °C", `inside ${Math.round(state.temperatures.interior)} °C`],
  ];
}
