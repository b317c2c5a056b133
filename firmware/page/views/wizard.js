// The set-up, a step at a time: each is saved as it is left, so that it goes on where it was left.

import { button, make } from "../dom.js";
import { FORM_TEXTS, labelOf, settingsForm, settingsTable, valueWords } from "../parts/form.js";
import { hooksFor } from "../parts/hooks.js";
import { actions, alive, card, pairs, soft, trying } from "../parts/pieces.js";
import { browserZone } from "../parts/zones.js";
import * as t from "../texts.js";
import { wifi } from "./network.js";

export const texts = [...FORM_TEXTS, "network"];

const KEY = "wizard";       // where this browser keeps the step
// name, its settings in their order
const STEPS = [
  ["place", ["general.country", "general.language", "general.currency", "general.units", "station.name"]],
  ["time", ["time.zone", "time.ntp", "time.servers"]],
  ["installation", ["installation.fuse_a", "installation.phases", "installation.phase_rotation", "installation.cable", "installation.cable_a", "installation.nominal_a",
    "installation.pe_monitoring", "meter.type", "meter.address"]],
  ["network", []],
  ["access", ["access.mode", "access.pin", "status.public"]],
  ["outside", ["mqtt.enabled", "mqtt.host", "mqtt.port", "mqtt.user", "mqtt.password", "ocpp.on", "ocpp.url"]],
  ["summary", []],
];
const COUNTRY_ZONES = { AT: "CET", BE: "CET", CH: "CET", CZ: "CET", DE: "CET", DK: "CET", ES: "CET", FR: "CET", HR: "CET", HU: "CET", IT: "CET", LI: "CET", LU: "CET",
  MT: "CET", NL: "CET", NO: "CET", PL: "CET", SE: "CET", SI: "CET", SK: "CET", BG: "EET", CY: "EET", EE: "EET", FI: "EET", GR: "EET", LT: "EET", LV: "EET", RO: "EET",
  GB: "GMT0BST", IE: "GMT0BST", PT: "WET0WEST", IS: "GMT0" };

const kept = () => {
  try { return localStorage.getItem(KEY); } catch { return null; }
};

function keep(step) {
  try {
    if (step) localStorage.setItem(KEY, step);
    else localStorage.removeItem(KEY);
  } catch { /* begins anew then */ }
}

export async function show(root, page) {
  const names = STEPS.map(([name]) => name);
  const wanted = page.path[0] ?? kept();
  const at = Math.max(0, names.indexOf(wanted));
  keep(names[at]);
  const [name, keys] = STEPS[at];
  const rows = await settingsTable(page);
  const mine = keys.map(key => rows.find(row => row.key === key)).filter(Boolean);
  root.append(
    make("ol", { class: "trail", "aria-label": t.text("nav.wizard") }, names.map((one, n) => make("li", { class: n < at ? "past" : n === at ? "now" : "", "aria-current": n === at && "step",
      text: t.text(`wizard.${one}`) }))),
    make("h2", { class: "title", text: t.text(`wizard.${name}`) }), make("p", { class: "lead", text: t.text(`wizard.${name}.text`) }));
  const form = mine.length ? settingsForm(page, mine, { hooks: await hooksFor(page, mine), bare: true }) : null;
  if (name === "time") suggest(page, form, rows);
  const leaving = { gone: false };
  if (name === "network") root.append(reached(page), await wifi(page, leaving).catch(() => soft(t.text("wizard.nothing"))));
  if (name === "summary") root.append(card(t.text("wizard.summary"), summary(rows)));
  if (form) root.append(form);
  else if (name === "outside") root.append(soft(t.text("wizard.nothing")));
  const go = n => page.go("wizard", names[n]);
  const next = trying(page, async () => {
    if (form && !await form.apply()) return;
    if (name !== "summary") {
      go(at + 1);
      return;
    }
    await page.api("PUT", "settings", { "general.setup_done": true });
    keep(null);
    page.notice(t.text("wizard.done"));
    page.refresh();
    page.go("");
  });
  root.append(actions(at > 0 && button(t.text("wizard.back"), () => go(at - 1)),
    name !== "summary" && button(t.text("wizard.skip"), () => {
      form?.reset();
      go(at + 1);
    }, { class: "link" }),
    button(t.text(name === "summary" ? "wizard.finish" : "wizard.next"), next, { class: "main" })));
  return () => { leaving.gone = true; };
}

// The zone of this browser, or of the country, where none was chosen yet.
function suggest(page, form, rows) {
  const value = key => rows.find(row => row.key === key)?.value;
  if (value("time.zone") !== "UTC0") return;
  const prefix = COUNTRY_ZONES[value("general.country")];
  form.propose("time.zone", zone => browserZone() ?? (prefix ? zone.find(one => one.startsWith(prefix)) : null));
  page.command("clock", { utc_s: Math.round(Date.now() / 1000) }).catch(() => {});
}

function reached(page) {
  const look = facts => [facts.network?.mode, facts.network?.ip];
  return alive(page, look, ({ network }) => soft(network?.ip ? t.text("wizard.reached", { mode: t.text(`network.mode.${network.mode}`), ip: network.ip })
    : t.text("wizard.unreached")));
}

function summary(rows) {
  const shown = STEPS.flatMap(([, keys]) => keys).map(key => rows.find(row => row.key === key)).filter(row => row && row.class !== "secret");
  return pairs(shown.map(row => [labelOf(row.key), valueWords(row, row.value)]));
}
