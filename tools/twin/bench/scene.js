// The drawing: two layouts, side by side for a desk and one above the other for a phone.

import {s, attribute, text, toggle, volts} from "./dom.js";
import {makeSky} from "./scene_sky.js";
import {makeHouse} from "./scene_house.js";
import {makeWallbox} from "./scene_wallbox.js";
import {makeCar} from "./scene_car.js";

const WIDE = {
  name: "wide",
  box_of_view: "0 0 1200 530",
  floor: 462,
  house: {at: [70, 440], scale: 1.18},
  box: {at: [600, 452], scale: 1.1},
  car: {at: [750, 462], scale: 1.08},
  sun: {from: [1090, 232], to: [800, 108], most_x: 1140},
  moon: [1010, 80],
  tip: [-8, 50],
  far: "M 0 330 C 190 280 330 330 560 316 S 960 236 1200 300 V 1000 H 0 Z",
  near: "M 0 420 C 260 396 520 430 760 414 S 1080 396 1200 418 V 1000 H 0 Z",
};
const TALL = {
  name: "tall",
  box_of_view: "0 0 600 900",
  floor: 834,
  house: {at: [66, 428], scale: 1.22},
  box: {at: [116, 826], scale: 1.04},
  car: {at: [208, 834], scale: 0.95},
  sun: {from: [538, 304], to: [520, 112], most_x: 516},
  moon: [536, 92],
  tip: [10, 48],
  far: "M 0 330 C 130 290 300 340 420 316 S 560 296 600 312 V 1000 H 0 Z",
  near: "M 0 412 C 160 392 380 424 600 402 V 1000 H 0 Z",
};

function mainsPlate() {
  const rows = ["L1", "L2", "L3"].map((name, n) => {
    const value = s("text", {class: "plate_text", "text-anchor": "end"});
    return {name, value, group: s("g", {}, s("rect", {class: "core " + name}), s("text", {class: "plate_text"}, name), value), n};
  });
  const back = s("rect", {class: "plate"});
  const group = s(
    "g",
    {class: "mains_plate", role: "img", "aria-label": "Voltages of the mains"},
    back,
    rows.map(row => row.group),
  );
  return {
    group,
    place(layout) {
      const k = layout.name === "tall" ? 1.5 : 1,
        step = 20 * k;
      const set = (element, values) => Object.entries(values).forEach(([name, value]) => attribute(element, name, value));
      set(back, {x: 14, y: 14, width: 136 * k, height: step * 3 + 14 * k, rx: 10});
      rows.forEach(({group: row, n}) => {
        const [core, name, value] = row.children,
          y = 14 + 8 * k + step * (n + 0.72);
        set(core, {x: 14 + 10 * k, y: y - 9 * k, width: 12 * k, height: 8 * k, rx: 2});
        set(name, {x: 14 + 30 * k, y});
        set(value, {x: 14 + 126 * k, y});
      });
    },
    update({state}) {
      rows.forEach(({value, n}) => text(value, volts(state.meter.voltage_mv[n])));
      attribute(group, "aria-label", "Voltages of the mains: " + state.meter.voltage_mv.map(volts).join(", "));
    },
  };
}

/** Draws into host; act: {ev(values), house(values), card(), press(name), release(name)}. Returns {update(picture)}. */
export function makeScene(host, act) {
  const sky = makeSky(act),
    house = makeHouse(act),
    box = makeWallbox(act),
    car = makeCar(act),
    plate = mainsPlate();
  const parts = [sky, house, box, car, plate];
  const drive = s("path", {class: "drive"});
  const dark = s("rect", {class: "outage", width: 1200, height: 1000});
  const svg = s(
    "svg",
    {class: "scene", role: "group", "aria-label": "House, mains, wallbox and car"},
    sky.back,
    sky.front,
    drive,
    house.body,
    sky.shade,
    house.lit,
    sky.label,
    dark,
    car.group,
    car.cord,
    box.group,
    car.plug,
    plate.group,
  );
  host.replaceChildren(svg);
  const narrow = matchMedia("(max-width: 700px)");
  const lay = () => {
    const layout = narrow.matches ? TALL : WIDE;
    attribute(svg, "viewBox", layout.box_of_view);
    toggle(svg, "tall", layout === TALL);
    const y = layout.floor;
    attribute(drive, "d", `M ${layout.box.at[0] - 120} ${y - 26} H 1200 V ${y + 40} H ${layout.box.at[0] - 170} Z`);
    parts.forEach(part => part.place(layout));
  };
  narrow.addEventListener("change", lay);
  lay();
  return {
    update(picture) {
      parts.forEach(part => part.update(picture));
      toggle(svg, "no_power", !picture.state.meter.voltage_mv.some(mv => mv > 0));
    },
  };
}
