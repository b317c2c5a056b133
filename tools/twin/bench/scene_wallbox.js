// The wallbox: lights as the strip shows them, contactors behind glass, meter, reader, buttons.

import {s, attribute, text, toggle} from "./dom.js";

export const LIGHTS = ["segment 1", "segment 2", "segment 3", "segment 4", "reader", "connection", "mode"];
const TRAVEL_S = 0.02; // of the contacts; seen at 1/50 of real time
const POLES = ["N", "L1", "L2", "L3"];
const SPARK = "M 0 -9 L 3 -2 L 10 -3 L 4 2 L 7 9 L 0 5 L -7 9 L -4 2 L -10 -3 L -3 -2 Z";

function lamp(name, n) {
  if (n < 4) return s("rect", {class: "lamp", x: -70 + n * 36, y: -326, width: 32, height: 11, rx: 5.5}, s("title", {}, name));
  return s("circle", {class: "lamp", cx: -52 + (n - 4) * 52, cy: -300, r: 5.5}, s("title", {}, name));
}

// What an eye makes of an LED's colour, on a screen.
const SEEN = {
  red: "#ff4040",
  green: "#38e07b",
  blue: "#4b8bff",
  orange: "#ff9526",
  yellow: "#ffe14d",
  cyan: "#4de3ff",
  magenta: "#ff5ce1",
  white: "#ffffff",
};

/** [name of the colour, brightness 0..1] of the seven lights; a segment of several LEDs is as bright as its first. */
function lights_of({segments, reader, connection, mode, leds}) {
  const each = Math.max(1, Math.floor(leds.length / 4)),
    bright = led => Math.max(0, ...(led ?? [0])) / 255;
  const singles = leds.slice(-3);
  return [
    ...segments.map((name, n) => [name, bright(leds[n * each] ?? leds[0])]),
    ...[reader, connection, mode].map((name, n) => [name ?? "off", bright(singles[n])]),
  ];
}

/** A button that is pressed as long as a finger or a key is on it. press() and release() are called in pairs. */
export function hold(element, press, release) {
  let down = false;
  const begin = event => {
    if (event.button || down) return;
    down = true;
    toggle(element, "down", true);
    press();
  };
  const end = () => {
    if (!down) return;
    down = false;
    toggle(element, "down", false);
    release();
  };
  element.addEventListener("pointerdown", event => {
    begin(event);
    if (down) element.setPointerCapture(event.pointerId);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) element.addEventListener(name, end);
  element.addEventListener("keydown", event => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) begin(event);
  });
  element.addEventListener("keyup", end);
  element.addEventListener("contextmenu", event => event.preventDefault());
}

/** {group, place(layout), update(picture)}. */
export function makeWallbox(act) {
  const lamps = LIGHTS.map(lamp),
    lampWords = s("title", {});
  const arms = POLES.map((name, n) => s("path", {class: "arm " + name, d: "M 0 0 V -26"}));
  const poles = POLES.map((name, n) => {
    const x = -38 + n * 27;
    return s(
      "g",
      {class: "pole_line " + name},
      s("path", {d: `M ${x} -272 V -240`}),
      s("path", {d: `M ${x} -212 V -198`}),
      s("circle", {cx: x, cy: -239, r: 3}),
      s("circle", {cx: x, cy: -212, r: 3}),
      s("text", {x, y: -277, "text-anchor": "middle"}, name),
    );
  });
  const coil = s("rect", {class: "coil", x: -62, y: -234, width: 12, height: 20, rx: 2});
  const sparks = s(
    "g",
    {class: "sparks"},
    [0, 1].map(n => s("path", {d: SPARK, transform: `translate(${-38 + n * 27} -239)`})),
  );
  const contactorText = s("text", {class: "window_words", x: 0, y: -183, "text-anchor": "middle"});
  const contactor = s(
    "g",
    {class: "contactor"},
    s("rect", {class: "glass", x: -70, y: -290, width: 140, height: 114, rx: 8}),
    s("path", {class: "link", d: "M -50 -224 H 48"}),
    coil,
    poles,
    arms.map((arm, n) => s("g", {transform: `translate(${-38 + n * 27} -212)`}, arm)),
    sparks,
    contactorText,
    s("path", {class: "gloss", d: "M -70 -282 q 0 -8 8 -8 h 60 l -40 114 h -20 q -8 0 -8 -8 Z"}),
  );
  const lcd = s("text", {class: "lcd_text", x: 60, y: -147, "text-anchor": "end"});
  const wheel = s("path", {class: "wheel", d: "M 0 -7 V 7 M -7 0 H 7"});
  const spin = s("g", {class: "spin", transform: "translate(-55 -153)"}, wheel);
  const reader = s(
    "g",
    {class: "reader grab", role: "button", tabindex: 0, "aria-label": "Card reader: present the chosen card"},
    s("circle", {class: "plate_round", cx: -34, cy: -112, r: 21}),
    s("path", {class: "waves", d: "M -44 -108 q 4 -4 0 -9 M -38 -104 q 8 -8 0 -17 M -32 -100 q 12 -12 0 -25"}),
  );
  const front = s(
    "g",
    {class: "push grab", role: "button", tabindex: 0, "aria-label": "Front button: hold it as long as you like"},
    s("circle", {class: "plate_round", cx: 34, cy: -112, r: 21}),
    s("circle", {class: "cap", cx: 34, cy: -112, r: 14}),
  );
  const card = s(
    "g",
    {class: "card"},
    s("rect", {x: -62, y: -126, width: 54, height: 34, rx: 5}),
    s("path", {d: "M -56 -112 h 12 v 9 h -12 Z M -38 -100 h 24"}),
  );
  const buzz = s("path", {class: "buzz", d: "M -88 -306 q -10 10 0 20 M -96 -314 q -18 18 0 36 M -104 -322 q -26 26 0 52"});
  const earth = s(
    "g",
    {class: "earth"},
    s("path", {class: "earth_wire", d: "M 24 -90 V 10"}),
    s("path", {class: "earth_sign", d: "M 10 12 H 38 M 15 18 H 33 M 20 24 H 28"}),
  );
  const padlock = s(
    "g",
    {class: "padlock", transform: "translate(112 -246)"},
    s("path", {class: "shackle", d: "M -7 0 v -7 a 7 7 0 0 1 14 0 v 7"}),
    s("rect", {x: -11, y: -2, width: 22, height: 17, rx: 3}),
    s("title", {}, "The socket's lock"),
  );
  const heat = s("path", {
    class: "heat",
    d: "M -30 -350 q -8 -10 0 -20 q 8 -10 0 -20 M 0 -352 q -8 -10 0 -20 q 8 -10 0 -20 M 30 -350 q -8 -10 0 -20 q 8 -10 0 -20",
  });
  const bolt = s("path", {class: "bolt", d: "M 6 -96 L -12 -58 H 2 L -8 -22 L 20 -68 H 6 L 18 -96 Z"});
  const group = s(
    "g",
    {class: "wallbox"},
    s("path", {class: "post", d: "M -16 0 V -100 H 16 V 0 Z M -34 0 q 0 -8 8 -8 h 52 q 8 0 8 8 Z"}),
    earth,
    s("rect", {class: "case", x: -84, y: -342, width: 168, height: 256, rx: 26}),
    s("rect", {class: "visor", x: -76, y: -334, width: 152, height: 44, rx: 18}),
    s("g", {class: "lamps"}, lampWords, lamps),
    contactor,
    s("rect", {class: "lcd", x: -68, y: -168, width: 136, height: 30, rx: 5}),
    lcd,
    spin,
    reader,
    front,
    card,
    buzz,
    heat,
    bolt,
    padlock,
    s("path", {class: "holster", d: "M 80 -226 h 14 q 8 0 8 8 v 22 q 0 8 -8 8 h -14 Z"}),
  );
  reader.addEventListener("click", () => act.card());
  reader.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act.card();
    }
  });
  hold(
    front,
    () => act.press("front"),
    () => act.release("front"),
  );
  let turned = 0;
  return {
    group,
    place(layout) {
      attribute(group, "transform", `translate(${layout.box.at.join(" ")}) scale(${layout.box.scale})`);
    },
    update({state, tones, pace}) {
      const {contactor: k, faults, meter, powered} = state,
        shown = [];
      lights_of(state.lights).forEach(([name, bright], n) => {
        const on = name !== "off" && bright > 0;
        lamps[n].style.setProperty("--lamp", on ? (SEEN[name] ?? name) : null);
        lamps[n].style.setProperty("--glow", (0.45 + 0.55 * Math.sqrt(bright)).toFixed(2));
        toggle(lamps[n], "on", on);
        attribute(lamps[n], "data-colour", name);
        if (on) shown.push(`${LIGHTS[n]} ${name}`);
      });
      text(lampWords, shown.length ? shown.join(", ") : "all lights are dark");
      const two = k.phases_closed >= 3 || (k.closed && k.phases_closed === 0),
        one = k.phases_closed >= 1;
      arms.forEach((arm, n) => toggle(arm, "closed", n < 2 ? one : two));
      toggle(contactor, "travels", k.coil && !k.closed && !k.stuck_open);
      contactor.style.setProperty("--travel", Math.max(0.16, TRAVEL_S / (pace.paused ? 1 : pace.speed || 1)).toFixed(2) + "s");
      toggle(coil, "on", k.coil);
      toggle(coil, "asked", k.commanded && !k.coil);
      toggle(contactor, "welded", k.welded);
      toggle(contactor, "stuck", k.stuck_open);
      toggle(group, "off", !powered);
      text(contactorText, k.welded ? "welded" : k.stuck_open ? "stuck open" : k.closed ? "closed" : "open");
      attribute(contactor, "data-state", k.welded ? "welded" : k.closed ? "closed" : "open");
      text(lcd, meter.silent || !meter.voltage_mv[0] ? "- - - -" : (meter.energy_mwh / 1e6).toFixed(3) + " kWh");
      turned += meter.power_w / 220;
      wheel.style.transform = `rotate(${turned.toFixed(1)}deg)`;
      toggle(card, "shown", state.card !== null);
      toggle(buzz, "on", state.buzzer.on || tones.some(([t_us, hz]) => hz && state.t_ms - t_us / 1000 < 400));
      attribute(padlock, "data-state", !state.lock ? null : state.lock.jammed ? "jammed" : state.lock.closed ? "closed" : null);
      toggle(front, "pressed", state.buttons.front);
      toggle(earth, "broken", faults.pe_lost);
      toggle(heat, "on", faults.over_temperature || state.temperatures.relay > 70);
      toggle(bolt, "on", state.rcd.ac_fault || state.rcd.dc_fault);
    },
  };
}
