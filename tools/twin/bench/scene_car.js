// The car with its battery, and the cable whose plug is dragged or tapped.

import {s, attribute, text, toggle, amps} from "./dom.js";
import {follow} from "./drag.js";

const CELLS = 10;
const PORT = [50, -88]; // in the car's own units
const HOLSTER = [90, -205]; // in the wallbox's
const OUTLET = [52, -92];
const NEAR = 90; // so close to the port the plug finds its way

/** {group, cord, plug, place(layout), update(picture)}. */
export function makeCar(act) {
  const cells = Array.from({length: CELLS}, (_, n) =>
    s("rect", {class: "cell", x: 139 + n * 13.6, y: -76, width: 11, height: 28, rx: 2}),
  );
  const percent = s("text", {class: "percent", x: 207, y: -56, "text-anchor": "middle"});
  const sleep = s(
    "g",
    {class: "zzz"},
    ["z", "z", "Z"].map((letter, n) => s("text", {x: 92 + n * 14, y: -158 - n * 15, class: "z" + n}, letter)),
  );
  const port = s("circle", {class: "port", cx: PORT[0], cy: PORT[1], r: 10});
  const wheel = x =>
    s(
      "g",
      {class: "tyre", transform: `translate(${x} -33)`},
      s("circle", {r: 33}),
      s("circle", {class: "rim", r: 19}),
      s("path", {class: "spokes", d: "M 0 -19 V 19 M -16.5 -9.5 L 16.5 9.5 M -16.5 9.5 L 16.5 -9.5"}),
      s("circle", {class: "hub", r: 5}),
    );
  const group = s(
    "g",
    {class: "car"},
    s("ellipse", {class: "ground_shadow", cx: 205, cy: 0, rx: 196, ry: 9}),
    s("path", {
      class: "car_body",
      d:
        "M 14 -34 C 8 -62 10 -92 24 -104 C 50 -112 74 -118 96 -140 C 116 -162 150 -168 208 -168 " +
        "C 262 -168 292 -152 326 -116 C 358 -110 386 -102 394 -80 C 399 -62 398 -48 392 -34 Z",
    }),
    s("path", {class: "car_low", d: "M 14 -34 C 12 -42 11 -50 11 -56 H 397 C 397 -48 395 -40 392 -34 Z"}),
    s("path", {
      class: "car_glass",
      d: "M 92 -116 C 106 -142 126 -156 170 -158 V -116 Z M 182 -116 V -158 C 240 -160 268 -148 300 -116 Z",
    }),
    s("path", {class: "car_line", d: "M 176 -158 V -92 M 66 -108 H 320 M 188 -104 h 20"}),
    s("path", {class: "lid", d: "M 396 -66 C 388 -64 376 -66 372 -76 C 378 -86 388 -86 392 -84"}),
    s("path", {class: "eye_lid", d: "M 372 -76 C 378 -86 388 -86 392 -84 L 396 -76 Z"}),
    s("path", {class: "smile", d: "M 362 -54 q 14 10 28 0"}),
    s("rect", {class: "tail_light", x: 10, y: -92, width: 8, height: 20, rx: 4}),
    s("rect", {class: "battery", x: 134, y: -82, width: 146, height: 40, rx: 6}),
    cells,
    percent,
    s("path", {class: "arch", d: "M 58 -34 a 41 41 0 0 1 82 0 Z M 280 -34 a 41 41 0 0 1 82 0 Z"}),
    wheel(99),
    wheel(321),
    port,
    sleep,
  );
  const cord = s("path", {class: "cord"}),
    flow = s("path", {class: "cord_flow"});
  const plug = s(
    "g",
    {class: "plug grab", role: "button", tabindex: 0},
    s("circle", {class: "hit", r: 42}),
    s("path", {class: "plug_body", d: "M -30 -9 q -4 0 -6 5 l -4 12 q -1 5 5 6 l 9 1 q 5 0 7 -5 l 2 -4 h 15 v -15 Z"}),
    s("rect", {class: "plug_face", x: -3, y: -13, width: 15, height: 23, rx: 4}),
  );
  const tip = s("text", {class: "plate_text cable_text", "text-anchor": "middle"});

  let layout = null,
    plugged = null,
    held = null;
  const out = (origin, [x, y]) => [origin.at[0] + x * origin.scale, origin.at[1] + y * origin.scale];

  function draw() {
    const from = out(layout.box, OUTLET),
      port_at = out(layout.car, PORT),
      holster = out(layout.box, HOLSTER);
    const to = held ?? (plugged ? port_at : holster),
      scale = layout.box.scale,
      side = held || plugged ? 1 : -1; // in its holster it points to the wallbox
    const tail = [to[0] - side * 36 * scale, to[1] + 6 * scale],
      low = Math.min(layout.floor + 10, Math.max(from[1], tail[1]) + 100 * scale);
    const d = `M ${from} C ${[from[0] + (side > 0 ? 4 : 8) * scale, low + 30]} ${[tail[0] - side * 44 * scale, low + 20]} ${tail}`;
    attribute(cord, "d", d);
    attribute(flow, "d", d);
    attribute(plug, "transform", `translate(${to.map(n => n.toFixed(1)).join(" ")}) scale(${side * scale} ${scale})`);
    attribute(tip, "x", ((from[0] + to[0]) / 2 + layout.tip[0]).toFixed(0));
    attribute(tip, "y", (layout.floor + layout.tip[1]).toFixed(0));
  }

  const turn = on => {
    plugged = on;
    draw();
    act.ev({plugged: on});
  };
  follow(plug, {
    move(point) {
      held = point;
      toggle(port, "aimed", close(point));
      draw();
    },
    end(point, moved) {
      held = null;
      toggle(port, "aimed", false);
      if (!point || plugged === null) draw();
      else if (!moved) turn(!plugged);
      else if (close(point) !== plugged) turn(!plugged);
      else draw();
    },
  });
  const close = point => {
    const at = out(layout.car, PORT);
    return Math.hypot(point[0] - at[0], point[1] - at[1]) < NEAR * layout.box.scale;
  };
  plug.addEventListener("keydown", event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (plugged !== null) turn(!plugged);
  });
  return {
    group,
    cord: s("g", {}, cord, flow),
    plug: s("g", {}, plug, tip),
    place(now) {
      layout = now;
      attribute(group, "transform", `translate(${now.car.at.join(" ")}) scale(${now.car.scale})`);
      draw();
    },
    update({state}) {
      const {ev} = state,
        most = Math.max(...ev.phase_currents_ma),
        full = Math.round(ev.soc * 1000) / 10;
      if (plugged !== ev.plugged) {
        plugged = ev.plugged;
        draw();
      }
      attribute(plug, "aria-pressed", ev.plugged);
      attribute(plug, "aria-label", ev.plugged ? "Plug: in the car. Take it out" : "Plug: at the wallbox. Plug it into the car");
      cells.forEach((cell, n) => {
        const part = Math.min(1, Math.max(0, ev.soc * CELLS - n));
        cell.style.setProperty("--part", part.toFixed(3));
        toggle(cell, "filling", most > 0 && part < 1 && ev.soc * CELLS >= n);
      });
      text(percent, full.toFixed(full < 100 ? 1 : 0) + " %");
      attribute(group, "data-charging", most > 0 ? "yes" : null);
      toggle(group, "asleep", ev.asleep);
      toggle(group, "happy", most > 0 || ev.soc >= 1);
      toggle(group, "plugged", ev.plugged);
      toggle(flow, "moving", most > 0);
      flow.style.setProperty("--beat", (1.6 / (0.4 + most / 12_000)).toFixed(2) + "s");
      const used = ev.phase_currents_ma.filter(ma => ma > 0).length;
      text(tip, most > 0 ? `${used} × ${amps(most)}` : ev.cable_a ? `${ev.cable_a} A cable` : "");
    },
  };
}
