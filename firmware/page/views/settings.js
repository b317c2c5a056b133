// All settings by area: the areas first, then the form of one.

import { make } from "../dom.js";
import { FORM_TEXTS, labelOf, settingsForm, settingsTable } from "../parts/form.js";
import { hooksFor } from "../parts/hooks.js";
import { isSent, sending } from "../parts/sending.js";

export const texts = [...FORM_TEXTS, "sending"];

// Areas in the order of use: name, what its keys begin with. A prefix that stands nowhere here is an area of its own.
const AREAS = [
  ["charging", ["charging"]], ["schedule", ["schedule"]], ["tariff", ["tariff"]], ["installation", ["installation"]],
  ["access", ["access"]], ["meter", ["meter"]], ["sources", ["sources"]], ["inputs", ["inputs"]], ["sensors", ["sensors"]],
  ["panel", ["lights", "sounds", "standby"]], ["general", ["general", "station", "time", "status", "identity"]], ["protection", ["protection"]],
];
// What stands first in its area, in this order; the rest follows in the table's.
const FIRST = ["installation.fuse_a", "installation.phases", "installation.nominal_a", "installation.cable", "installation.cable_a",
  "installation.phase_rotation", "charging.mode", "charging.max_current_a", "charging.min_current_a", "charging.min_current_3p_a",
  "meter.type", "meter.address", "meter.baud", "meter.parity", "meter.stop_bits", "station.name", "tariff.price_1_per_kwh",
  "tariff.price_2_per_kwh", "schedule.windows", "mqtt.enabled", "mqtt.host", "mqtt.port", "mqtt.user", "mqtt.password", "mqtt.base",
  "mqtt.discovery", "mqtt.personal", "mqtt.admin", "mqtt.tls", "mqtt.ca", "update.mode", "update.url", "load.mode",
  "publication.method", "publication.every", "publication.security", "publication.host", "publication.port", "publication.path",
  "publication.user", "publication.password", "fault_mail.on", "fault_mail.security", "fault_mail.host", "fault_mail.port",
  "fault_mail.user", "fault_mail.password"];

const prefix = key => key.split(".")[0];
const rank = key => FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length;

// [[area, rows], …] of those that have rows.
export function areasOf(rows) {
  const known = AREAS.flatMap(([, prefixes]) => prefixes);
  const others = [...new Set(rows.map(row => prefix(row.key)))].filter(one => !known.includes(one)).map(one => [one, [one]]);
  return [...AREAS, ...others].map(([name, prefixes]) => [name, rows.filter(row => prefixes.includes(prefix(row.key)))
    .sort((one, other) => rank(one.key) - rank(other.key))]).filter(([, mine]) => mine.length);
}

export async function show(root, page) {
  const areas = areasOf(await settingsTable(page));
  const named = name => page.has(`area.${name}`) ? page.text(`area.${name}`) : name;
  const found = areas.find(([name]) => name === page.path[0]);
  if (!found) {
    root.append(make("ul", { class: "tiles" }, areas.map(([name, rows]) => make("li", {}, make("a", { class: "card", href: `#/settings/${name}` },
      make("strong", { text: named(name) }), make("span", { class: "soft", text: rows.slice(0, 4).map(row => labelOf(row.key)).join(", ") }))))));
    return;
  }
  const [name, rows] = found;
  root.append(make("p", {}, make("a", { href: "#/settings", text: `‹ ${page.text("settings.all")}` })),
    make("h2", { class: "title", text: named(name) }),
    settingsForm(page, rows, { hooks: await hooksFor(page, rows) }), isSent(name) ? sending(page, name) : "");
}
