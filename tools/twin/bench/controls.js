// The panels: switches and fields made from the bench's own table of verbs, so that a new field there is a new field here.

import {amps, attribute, h, text, watts, words} from "./dom.js";
import {form} from "./fields.js";
import {hold} from "./scene_wallbox.js";
import {CARDS, FAULTS, INPUTS} from "./words.js";

const OWN = ["ev", "house", "fault", "button", "input", "card", "time", "reset", "scenario"];     // verbs with a place of their own

/** A button that acts as long as it is held. */
function press(label, name, act) {
  const button = h("button", {type: "button"}, label);
  hold(
    button,
    () => act.press(name),
    () => act.release(name),
  );
  return button;
}

/** Fills all panels from the table; the result's update(picture) shows what is. */
export function makeControls(hosts, table, act) {
  const verbs = table.verbs,
    later = table.not_simulated_yet;
  let state = null;
  const car = form(hosts.car, verbs.ev.fields, () => state.ev, act.ev, ["plugged"]);
  const plug = h("button", {type: "button", onclick: () => act.ev({plugged: !state.ev.plugged})}, "Plug in");
  hosts.car.prepend(h("div", {class: "row"}, plug));
  const house = form(hosts.house, verbs.house.fields, () => state.house, act.house);
  const faults = verbs.fault.fields.name.words.map(name => {
    const button = h(
      "button",
      {type: "button", onclick: () => act.post("fault", {name, on: !state.faults[name]})},
      words(name),
      h("small", {}, FAULTS[name] ?? "", later.includes(name) ? " (only noted, not simulated yet)" : ""),
    );
    return [name, button];
  });
  hosts.faults.append(...faults.map(([, button]) => button));
  const inputs = verbs.input.fields.name.words.map(name => [
    name,
    h(
      "button",
      {type: "button", title: INPUTS[name], onclick: () => act.post("input", {name, on: !state.inputs[name]})},
      INPUTS[name] ?? words(name),
    ),
  ]);
  const uid = h("input", {
    type: "text",
    maxlength: 20,
    placeholder: "04A1B2C3D4E5F6",
    spellcheck: "false",
    autocapitalize: "characters",
    "aria-label": "UID of any other card",
  });
  const present = () => uid.value && act.card(uid.value.trim());
  uid.addEventListener("keydown", event => {
    if (event.key === "Enter") present();
  });
  const held = h("span", {class: "held"}),
    since = {};
  hosts.box.append(
    h("h3", {}, "Buttons, held as long as you like"),
    h(
      "div",
      {class: "row"},
      verbs.button.fields.name.words.map(name => press(words(name), name, act)),
      held,
    ),
    h("h3", {}, "Cards"),
    h(
      "div",
      {class: "row"},
      CARDS.map(([number, name]) => h("button", {type: "button", title: number, onclick: () => act.card(number)}, name)),
    ),
    h("div", {class: "row"}, uid, h("button", {type: "button", onclick: present}, "Present")),
    h("h3", {}, "External inputs"),
    h(
      "div",
      {class: "row"},
      inputs.map(([, button]) => button),
    ),
  );
  const extra = Object.keys(verbs).filter(verb => !OWN.includes(verb));
  const more = extra.map(verb => [
    verb,
    form(
      hosts.more.appendChild(h("div", {class: "fields"}, h("h3", {}, words(verb)))),
      verbs[verb].fields,
      () => state[verb] ?? {},
      values => act.post(verb, values),
    ),
  ]);
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
      for (const [name, on] of Object.entries(state.buttons)) since[name] = on ? (since[name] ?? state.t_ms) : null;
      text(
        held,
        Object.entries(since)
          .filter(([, t_ms]) => t_ms !== null)
          .map(([name, t_ms]) => `${name} held ${((state.t_ms - t_ms) / 1000).toFixed(1)} s`)
          .join(", "),
      );
    },
  };
}

/** The figures below the drawing: [name, value, small words]. */
export function figures({state, charger}) {
  const {ev, meter, house} = state,
    most = Math.max(...ev.phase_currents_ma);
  return [
    [
      "Pilot",
      state.powered ? ev.state : "–",
      state.cp.disconnected ? "disconnected" : (state.cp.duty_permille / 10).toFixed(1) + " % duty",
    ],
    ["Offered", amps(charger?.offered_ma), ev.plugged ? "car reads " + amps(ev.offer_ma) : "no car"],
    ["Limit", amps(charger?.limit_ma), charger?.limited_by ? words(charger.limited_by) : ""],
    ["Drawn", amps(most), ev.phase_currents_ma.map(ma => (ma / 1000).toFixed(1)).join(" · ")],
    ["Power", watts(meter.power_w), (meter.energy_mwh / 1e6).toFixed(3) + " kWh"],
    ["Grid", watts(house.grid_w), house.grid_current_ma.map(ma => (ma / 1000).toFixed(1)).join(" · ")],
    ["Battery", (ev.soc * 100).toFixed(1) + " %", ev.asleep ? "asleep" : ev.soc >= 1 ? "full" : `of ${ev.battery_wh / 1000} kWh`],
    [
      "Contactor",
      state.contactor.welded ? "welded" : state.contactor.closed ? "closed" : "open",
      state.contactor.coil_supply ? "coil supply armed" : "coil supply off",
    ],
    ["Warmth", Math.round(state.temperatures.relay) + " °C", `inside ${Math.round(state.temperatures.interior)} °C`],
  ];
}
