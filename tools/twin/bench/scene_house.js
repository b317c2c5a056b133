// The house: a window per phase whose light is the load, the roof, the pole with the three phases, and the meter's disc.

import {s, attribute, text, toggle, watts, volts} from "./dom.js";
import {slide} from "./drag.js";

export const MOST_LOAD_W = 8000;
const WINDOW = {width: 48, height: 60, top: -136, lefts: [112, 184, 256]};

function panel(column, row) {
  const lean = (1 - row) * 0.5,
    x = 132 + column * 40 - lean * 14,
    y = -226 + row * 34;
  return s("path", {class: "solar_panel", d: `M ${x} ${y} h 34 l 6 28 h -36 Z`});
}

/** {body, lit, place(layout), update(picture)}: body is darkened by the night, lit is not. */
export function makeHouse(act) {
  const seen = [0, 0, 0];
  const panels = s(
    "g",
    {class: "panels_roof"},
    [0, 1, 2, 3].flatMap(column => [panel(column, 0), panel(column, 1)]),
  );
  const smoke = s(
    "g",
    {class: "smoke"},
    [0, 1, 2].map(n => s("circle", {cx: 121, cy: -262, r: 7, class: "puff puff" + n})),
  );
  const wires = ["L1", "L2", "L3"].map((name, n) =>
    s("path", {
      class: "wire " + name,
      d: `M -60 ${-246 + n * 9} Q -10 ${-236 + n * 9} 20 ${-250 + n * 9} Q 60 ${-214 + n * 9} 98 ${-150 + n * 9}`,
    }),
  );
  const flow = s("path", {class: "flow", d: "M -60 -237 Q -10 -227 20 -241 Q 60 -205 98 -141"});
  const body = s(
    "g",
    {},
    s("path", {class: "pole", d: "M 16 0 L 18 -268 h 5 L 26 0 Z M -6 -254 h 54 v 5 h -54 Z"}),
    wires,
    smoke,
    s("rect", {class: "chimney", x: 110, y: -262, width: 22, height: 50}),
    s("rect", {class: "wall", x: 92, y: -152, width: 236, height: 152}),
    s("path", {class: "wall_shadow", d: "M 92 -152 h 236 v 12 h -236 Z"}),
    s("path", {class: "roof", d: "M 70 -150 L 108 -240 H 312 L 350 -150 Z"}),
    panels,
    s("rect", {class: "door", x: 190, y: -48, width: 36, height: 48, rx: 3}),
    s("circle", {class: "knob", cx: 219, cy: -24, r: 2.5}),
    s("path", {class: "bush", d: "M 248 0 q 2 -24 22 -20 q 8 -18 24 -6 q 22 -6 22 26 Z"}),
  );
  const windows = WINDOW.lefts.map((left, n) => {
    const light = s("rect", {class: "light", x: left, width: WINDOW.width});
    const number = s("text", {
      class: "window_text",
      x: left + WINDOW.width / 2,
      y: WINDOW.top + WINDOW.height + 19,
      "text-anchor": "middle",
    });
    const group = s(
      "g",
      {
        class: "window grab",
        tabindex: 0,
        role: "slider",
        "aria-label": `House load on L${n + 1}`,
        "aria-valuemin": 0,
        "aria-valuemax": MOST_LOAD_W,
      },
      s("rect", {class: "hit", x: left - 8, y: WINDOW.top - 12, width: WINDOW.width + 16, height: WINDOW.height + 30}),
      s("rect", {class: "pane", x: left, y: WINDOW.top, width: WINDOW.width, height: WINDOW.height}),
      light,
      s("path", {
        class: "frame",
        transform: `translate(${left} ${WINDOW.top})`,
        d: `M 0 0 h ${WINDOW.width} v ${WINDOW.height} h ${-WINDOW.width} Z M ${WINDOW.width / 2} 0 v ${WINDOW.height} ` +
          `M 0 ${WINDOW.height / 2} h ${WINDOW.width}`,
      }),
    );
    const show = load => {
      const part = Math.sqrt(Math.min(1, load / MOST_LOAD_W)),
        height = WINDOW.height * part;
      attribute(light, "y", (WINDOW.top + WINDOW.height - height).toFixed(1));
      attribute(light, "height", height.toFixed(1));
      attribute(group, "aria-valuenow", Math.round(load));
      attribute(group, "aria-valuetext", watts(load));
      text(number, load < 1000 ? Math.round(load) + " W" : (load / 1000).toFixed(1) + " kW");
    };
    const toValue = ([, y]) => {
      const local = (y - origin[1]) / scale,
        part = (WINDOW.top + WINDOW.height - local) / WINDOW.height;
      return Math.max(0, part) ** 2 * MOST_LOAD_W;
    };
    const dragged = slide(group, {
      value: () => seen[n],
      low: 0,
      high: MOST_LOAD_W,
      step: 250,
      toValue,
      show,
      act: load => act.house({load_w: seen.map((one, phase) => (phase === n ? Math.round(load / 10) * 10 : one))}),
    });
    return {group, number, show, dragged};
  });
  const disc = s("path", {class: "disc_mark", d: "M 0 0"});
  const meter = s(
    "g",
    {class: "ferraris"},
    s("rect", {class: "meter_box", x: 102, y: -48, width: 70, height: 42, rx: 4}),
    s("rect", {class: "meter_glass", x: 107, y: -34, width: 60, height: 10, rx: 2}),
    disc,
  );
  const gridText = s("text", {class: "meter_text", x: 137, y: -12, "text-anchor": "middle"});
  meter.append(
    gridText,
    s("title", {}, "The house's meter: its disc turns with the power from the grid, backwards when the sun gives more"),
  );
  const cat = s(
    "g",
    {class: "cat", transform: "translate(262 -240)"},
    s("path", {d: "M 0 0 q -2 -22 14 -22 q 4 -12 8 -12 l 3 6 h 6 l 4 -6 q 6 8 2 18 q -3 6 -8 6 q 2 6 0 10 Z"}),
    s("path", {class: "tail", d: "M 2 -2 q -18 2 -20 -12"}),
    s("path", {class: "cat_eyes", d: "M 26 -22 h 2 M 32 -22 h 2"}),
    s("text", {class: "cat_z", x: 38, y: -30}, "z"),
  );
  const lit = s(
    "g",
    {},
    windows.map(one => [one.group, one.number]),
    meter,
    cat,
    flow,
  );
  let origin = [0, 0],
    scale = 1,
    angle = 0,
    speed = 0,
    last = 0;

  function turn(now) {
    if (speed && last) {
      angle = (angle + speed * Math.min(0.1, (now - last) / 1000)) % 1;
      if (angle < 0) angle += 1;
      const x = 107 + 60 * angle;
      attribute(
        disc,
        "d",
        `M ${x.toFixed(1)} -34 h ${Math.min(7, 167 - x).toFixed(1)} v 10 h ${-Math.min(7, 167 - x).toFixed(1)} Z`,
      );
    }
    last = now;
    requestAnimationFrame(turn);
  }
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) requestAnimationFrame(turn);
  return {
    body,
    lit,
    place(layout) {
      [origin, scale] = [layout.house.at, layout.house.scale];
      for (const group of [body, lit]) attribute(group, "transform", `translate(${origin.join(" ")}) scale(${scale})`);
    },
    update({state}) {
      const {house, meter: own} = state,
        alive = own.voltage_mv.some(mv => mv > 0);
      windows.forEach((one, n) => {
        seen[n] = house.load_w[n];
        if (!one.dragged()) one.show(house.load_w[n]);
        toggle(one.group, "dark", own.voltage_mv[n] === 0);
      });
      wires.forEach((wire, n) => {
        toggle(wire, "dead", own.voltage_mv[n] === 0);
        attribute(wire, "data-volts", volts(own.voltage_mv[n]));
      });
      const grid = alive ? house.grid_w : 0;
      speed = Math.sign(grid) * Math.min(2.2, Math.abs(grid) / 6000);
      toggle(flow, "moving", Math.abs(grid) > 20);
      toggle(flow, "back", grid < 0);
      flow.style.setProperty("--beat", (4 / (0.6 + Math.min(12_000, Math.abs(grid)) / 3000)).toFixed(2) + "s");
      text(gridText, !alive ? "–" : Math.abs(grid) < 9995 ? watts(grid) : (grid / 1000).toFixed(1) + " kW");
      panels.style.setProperty("--shine", Math.min(1, house.solar_w / 8000).toFixed(2));
      toggle(smoke, "on", alive && house.load_w.reduce((a, b) => a + b) > 3000);
      toggle(cat, "asleep", house.solar_w < 500 && !state.buzzer?.on);
      toggle(cat, "alarmed", state.rcd.rcd_tripped || state.rcd.rdc_dd_tripped || state.buzzer?.on);
    },
  };
}
