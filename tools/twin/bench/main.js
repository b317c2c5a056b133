// Puts the bench together: one picture of everything, eight times a second, shown by every part.

import {$, h, attribute, choices, text, toggle, words} from "./dom.js";
import {Live} from "./live.js";
import {makeScene} from "./scene.js";
import {figures, makeControls} from "./controls.js";
import {CARDS} from "./words.js";
import {Scope} from "./scope.js";
import {Lanes} from "./lanes.js";
import {Strip} from "./strip.js";
import {Sound} from "./sound.js";
import {Stories} from "./story.js";

const PACES = [
  ["paused", "❚❚", "Pause"],
  [0.02, "1/50", "fifty times slower, to watch contacts travel"],
  [1, "1×", "real time"],
  [10, "10×", "ten times faster"],
  [60, "60×", "sixty times faster"],
  [0, "max", "as fast as this computer can"],
];
const LONGEST_HOLD_MS = 60_000;
const ADVANCES = [
  [0.01, "+10 ms"],
  [1, "+1 s"],
  [60, "+1 min"],
  [3600, "+1 h"],
];
const CALM = ["Idle", "ReadyForCharging", "Suspended"];
const BROKEN = ["RecoverFromError", "UnrecoverableError", "Degraded"];

const parts = [];
const live = new Live({
  picture: show,
  lost: lost => attribute($("lost"), "hidden", lost ? null : ""),
  refused: said => text($("refused"), said),
});
const act = {
  post: (verb, body) => live.post(verb, body),
  ev: values => live.post("ev", values),
  house: values => live.post("house", values),
  card: uid => live.post("card", {uid: uid ?? CARDS[0][0]}),
  press: name => live.post("button", {name, hold_ms: LONGEST_HOLD_MS}),
  release: name => live.post("button", {name, hold_ms: 1}),
};

// What is said aloud: changes only.
const spoken = {};
function tell(sentences) {
  const news = [];
  for (const [key, sentence] of Object.entries(sentences)) {
    if (key in spoken && spoken[key] !== sentence) news.push(sentence);
    spoken[key] = sentence;
  }
  if (news.length) text($("say"), news.join(". ") + ".");
}

let rows = null;
function show_figures(picture) {
  const list = figures(picture);
  rows ??= list.map(([name]) => {
    const value = h("span"),
      small = h("small");
    $("figures").append(h("div", {"data-figure": name}, h("dt", {}, name), h("dd", {}, value, small)));
    return [value, small];
  });
  list.forEach(([, value, small], n) => {
    text(rows[n][0], value);
    text(rows[n][1], small || "\u00a0");
  });
}

let show_pace = () => {};
function show(picture) {
  const {state, charger, pace} = picture;
  const overview = !state.powered
    ? "No power"
    : charger
      ? words(charger.overview_state.replace(/([a-z])([A-Z])/g, "$1 $2")).toLowerCase()
      : "starting";
  const names = (charger?.faults ?? []).map(fault => words(fault.name));
  const chip = overview.charAt(0).toUpperCase() + overview.slice(1) + (names.length ? ": " + names.join(", ") : "");
  text($("overview"), chip);
  toggle($("overview"), "good", charger?.overview_state === "Charging");
  toggle(
    $("overview"),
    "bad",
    !state.powered || BROKEN.includes(charger?.overview_state) || (names.length && !CALM.includes(charger?.overview_state)),
  );
  const retry = charger?.retry_in_s ? `, tries again in ${charger.retry_in_s} s` : "";
  const utc = new Date(state.utc_s * 1000).toISOString().slice(0, 19).replace("T", " ");
  text($("clock"), `${utc} UTC, up ${uptime(state.t_ms)}${retry}`);
  show_pace(pace.paused ? "paused" : pace.speed);
  tell({
    plugged: state.ev.plugged ? "Vehicle plugged in" : "Vehicle unplugged",
    contactor: state.contactor.closed ? "Contactor closed" : "Contactor open",
    overview: "Charger: " + chip,
  });
  show_figures(picture);
  for (const part of parts) part.update(picture);
}

function uptime(t_ms) {
  const t = Math.floor(t_ms / 1000),
    d = Math.floor(t / 86400),
    hours = Math.floor(t / 3600) % 24,
    pad = n => String(n).padStart(2, "0");
  return (d ? d + " d " : "") + `${hours}:${pad(Math.floor(t / 60) % 60)}:${pad(t % 60)}`;
}

function make_time(table) {
  const host = $("time"),
    causes = table.verbs.reset.fields.cause.words;
  const names = {power: "Power cycle", watchdog: "Watchdog reset", soft: "Soft reset"};
  host.append(
    h("h3", {}, "Skip"),
    h(
      "div",
      {class: "row"},
      ADVANCES.map(([advance_s, label]) =>
        h("button", {type: "button", disabled: !table.can_set_pace, onclick: () => live.post("time", {advance_s})}, label),
      ),
    ),
  );
  const when = h("input", {type: "text", "aria-label": "Time in UTC", placeholder: "2026-11-20T12:00:00Z", spellcheck: "false"});
  host.append(
    h("h3", {}, "Wall clock"),
    h(
      "div",
      {class: "row"},
      when,
      h("button", {type: "button", onclick: () => live.post("time", {utc: when.value.trim()})}, "Set"),
    ),
  );
  const cut = h(
    "button",
    {
      type: "button",
      id: "power_cut",
      onclick: () => live.post("fault", {name: "power_cut", on: cut.getAttribute("aria-pressed") !== "true"}),
    },
    "Power cut",
  );
  host.append(
    h("h3", {}, "Supply and restart"),
    h(
      "div",
      {class: "row switches_inline"},
      cut,
      causes.map(cause => h("button", {type: "button", onclick: () => live.post("reset", {cause})}, names[cause] ?? words(cause))),
    ),
  );
  parts.push({update: ({state}) => attribute(cut, "aria-pressed", Boolean(state.faults.power_cut))});
}

async function begin() {
  const table = await live.get("verbs");
  const set_pace = value => live.post("time", value === "paused" ? {paused: true} : {speed: value});
  if (table.can_set_pace) show_pace = choices($("pace"), "Speed of the simulated time", PACES, null, set_pace);
  else $("pace").replaceWith(h("span", {class: "chip"}, "real time"));
  if (table.charger) {
    $("charger_page").href = table.charger;
    attribute($("charger_page"), "hidden", null);
  }
  parts.push(
    makeScene($("scene"), act),
    new Scope(live),
    new Lanes(),
    new Strip(),
    new Sound(),
    makeControls(
      {car: $("car"), house: $("house"), faults: $("faults"), box: $("box"), more: $("more"), more_panel: $("more_panel")},
      table,
      act,
    ),
  );
  make_time(table);
  const stories = new Stories(live);
  parts.push(stories);
  stories.load();
  live.look();
}

begin().catch(error => {
  console.error(error);
  attribute($("lost"), "hidden", null);
  setTimeout(() => location.reload(), 3000);
});
