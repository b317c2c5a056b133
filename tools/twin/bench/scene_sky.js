// Sky, sun, hills and the meadow. The sun's height is the power from the roof.

import {s, attribute, watts} from "./dom.js";
import {slide} from "./drag.js";

export const MOST_SUN_W = 10_000;
const NIGHT = [
  [13, 20, 46],
  [44, 54, 106],
  [74, 82, 132],
];
const DAWN = [
  [64, 84, 146],
  [222, 150, 134],
  [250, 190, 130],
];
const DAY = [
  [84, 168, 232],
  [160, 212, 246],
  [226, 244, 252],
];
const STARS = [
  [40, 190],
  [95, 60],
  [150, 150],
  [230, 40],
  [300, 120],
  [345, 28],
  [410, 160],
  [505, 55],
  [590, 30],
  [640, 110],
  [700, 40],
  [760, 150],
  [830, 66],
  [890, 24],
  [950, 130],
  [1010, 60],
  [1070, 24],
  [1120, 110],
  [1170, 55],
  [540, 200],
];

const mix = (a, b, t) => a.map((value, n) => Math.round(value + (b[n] - value) * t));
const css = colour => `rgb(${colour.join(" ")})`;

/** The colours of the sky for 0 (night) to 1 (noon). */
function colours(f) {
  return NIGHT.map((night, n) =>
    css(f < 0.15 ? mix(night, DAWN[n], f / 0.15) : mix(DAWN[n], DAY[n], Math.min(1, (f - 0.15) / 0.35))),
  );
}

/** {back, front, shade, place(layout), update(picture)}: back is drawn before the house, shade above what the night darkens. */
export function makeSky(act) {
  const stops = ["0", "0.6", "1"].map(offset => s("stop", {offset}));
  const stars = s(
    "g",
    {class: "stars"},
    STARS.map(([x, y], n) => s("circle", {cx: x, cy: y, r: 1 + (n % 3) * 0.6})),
  );
  const moon = s("path", {class: "moon", d: "M 0 -22 A 22 22 0 1 0 20 10 A 17 17 0 1 1 0 -22 Z"});
  const cloud = (x, y, k) =>
    s(
      "g",
      {transform: `translate(${x} ${y}) scale(${k})`},
      s("path", {d: "M 0 0 a 22 22 0 0 1 8 -42 a 32 32 0 0 1 60 -6 a 24 24 0 0 1 30 48 Z"}),
    );
  const clouds = s("g", {class: "clouds"}, s("g", {class: "drift"}, cloud(150, 96, 0.8), cloud(800, 120, 1), cloud(430, 60, 0.6)));
  const rays = s(
    "g",
    {class: "rays"},
    Array.from({length: 12}, (_, n) => s("path", {d: "M 0 -44 L 0 -56", transform: `rotate(${n * 30})`})),
  );
  const label = s("text", {class: "plate_text", "text-anchor": "middle"});
  const sun = s(
    "g",
    {class: "sun grab", tabindex: 0, role: "slider", "aria-label": "Sun", "aria-valuemin": 0, "aria-valuemax": MOST_SUN_W},
    s("circle", {class: "hit", r: 58}),
    s("circle", {class: "halo", r: 70}),
    rays,
    s("circle", {class: "disc", r: 36}),
    s("path", {class: "face", d: "M -11 -5 v 5 M 11 -5 v 5 M -13 9 q 13 12 26 0"}),
  );
  const far = s("path", {class: "hill far"}),
    near = s("path", {class: "hill near"}),
    shade = s("rect", {class: "shade", width: 1200, height: 1000});
  const sunLabel = s("g", {class: "sun_label"}, label);
  const back = s(
    "g",
    {},
    s("defs", {}, s("linearGradient", {id: "sky", x1: 0, y1: 0, x2: 0, y2: 1}, stops)),
    s("rect", {width: 1200, height: 1000, fill: "url(#sky)"}),
    stars,
    moon,
    clouds,
  );
  let path = null,
    seen = 0;
  const at = f => [
    path.from[0] + (path.to[0] - path.from[0]) * f,
    path.from[1] + (path.to[1] - path.from[1]) * Math.sin((f * Math.PI) / 2),
  ];

  function nearest([x, y]) {
    let best = 0,
      least = Infinity;
    for (let n = 0; n <= 100; n++) {
      const [px, py] = at(n / 100),
        far_away = (px - x) ** 2 + (py - y) ** 2;
      if (far_away < least) [best, least] = [n / 100, far_away];
    }
    return best * MOST_SUN_W;
  }

  function show(solar) {
    const f = Math.min(1, solar / MOST_SUN_W),
      [x, y] = at(f);
    colours(f).forEach((colour, n) => attribute(stops[n], "stop-color", colour));
    attribute(sun, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    attribute(sunLabel, "transform", `translate(${Math.min(x, path.most_x).toFixed(1)} ${(y - 66).toFixed(1)})`);
    attribute(sun, "aria-valuenow", Math.round(solar));
    attribute(sun, "aria-valuetext", watts(solar));
    attribute(shade, "opacity", (0.5 * Math.max(0, 1 - f / 0.35)).toFixed(3));
    attribute(stars, "opacity", Math.max(0, 1 - f * 7).toFixed(3));
    attribute(moon, "opacity", Math.max(0, 1 - f * 7).toFixed(3));
    attribute(clouds, "opacity", Math.min(0.9, f * 2.4).toFixed(3));
    rays.style.setProperty("--long", (0.5 + f).toFixed(3));
    label.textContent = solar > 0 ? watts(solar) : "drag me up";
  }

  const dragged = slide(sun, {
    value: () => seen,
    low: 0,
    high: MOST_SUN_W,
    step: 250,
    toValue: nearest,
    show,
    act: solar_w => act.house({solar_w: Math.round(solar_w / 50) * 50}),
  });
  return {
    back,
    front: s("g", {}, sun, far, near),
    shade,
    label: sunLabel,
    place(layout) {
      path = layout.sun;
      attribute(far, "d", layout.far);
      attribute(near, "d", layout.near);
      attribute(moon, "transform", `translate(${layout.moon.join(" ")})`);
      show(seen);
    },
    update({state}) {
      seen = state.house.solar_w;
      if (!dragged()) show(seen);
    },
  };
}
