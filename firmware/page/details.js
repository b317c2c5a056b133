// Puts the cards beside the overview on the page: phases, limits, notes, temperatures, life, the device.

import { refusalWords } from "./actions.js";
import { allows } from "./api.js";
import { make } from "./dom.js";
import { put } from "./view.js";
import * as t from "./texts.js";

const find = id => document.getElementById(id);
const word = (key, otherwise) => t.has(key) ? t.text(key) : otherwise;
const sourceName = source => word(`source.${source}`, word(`by.${source}`, source));

// rows: lists of texts, the first is the row's name; className marks a row.
function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, y) => {
    const row = body.rows[y] ?? body.insertRow();
    row.className = cells.className ?? "";
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((words, x) => {
      if (!row.cells[x]) row.append(Object.assign(document.createElement(x ? "td" : "th"), x ? {} : { scope: "row" }));
      put(row.cells[x], words);
    });
  });
}

function list(place, words) {
  while (place.children.length > words.length) place.lastElementChild.remove();
  words.forEach((text, n) => {
    if (!place.children[n]) place.append(document.createElement("li"));
    put(place.children[n], text);
  });
}

// A reading is a second old as a rule; only older ones are worth a word.
const meterAge = seconds => seconds > 2 ? ` · ${t.text("meter_age", { time: t.age(seconds) })}` : "";

function meterModel(model) {
  if (!model) return "–";
  const name = model.models || model.type;
  return model.evidence === "unverified" ? `${name} · ${t.text("meter_unverified")}` : name;
}

function phaseRow(facts, n) {
  const volt = facts.supply_present?.[n] === 0 ? t.text("phase_missing") : t.volt(facts.voltage_phases_v?.[n]);
  const cells = [`L${n + 1}`, t.ampereFine(facts.drawn_phases_ma?.[n]), volt, t.watt(facts.power_phases_w?.[n])];
  if (n >= facts.phases) cells.className = "off";
  return cells;
}

function ceilingRow(row, facts) {
  let name = sourceName(row.source);
  if (row.failsafe) name = t.text("failsafe", { name });
  if (row.expires_in_s !== null) name = t.text("expires", { name, time: t.duration(row.expires_in_s) });
  const cells = [name, t.ampere(row.limit_ma)];
  if (row.source === facts.limited_by) cells.className = "lowest";
  return cells;
}

function notes(facts) {
  const rows = [[t.text("smart"), t.text(`smart.${facts.smart_state}`)]];
  if (facts.service_mode !== "normal") rows.push([t.text("service_mode"), t.text(`service.${facts.service_mode}`)]);
  if (facts.board?.lacks?.includes("pe_monitor")) rows.push([t.text("earth"), t.text("earth_off")]);
  const refusal = facts.last_refusal;
  const when = refusal?.since ? ` · ${t.moment(refusal.since)}` : "";
  rows.push([t.text("last_refusal"), refusal ? `${refusalWords(refusal.code)} (${sourceName(refusal.source)})${when}` : t.text("none")]);
  return rows;
}

function temperatures(facts) {
  const rows = Object.entries(facts.temperatures ?? {}).filter(row => row[1] !== null).map(([place, c]) => {
    const cells = [t.text(`temperature.${place}`), t.celsius(c)];
    if (place === facts.derated_by) cells.className = "lowest";
    return cells;
  });
  for (const sensor of facts.temperature_sensors ?? []) {
    if (!Object.hasOwn(facts.temperatures ?? {}, sensor.place)) rows.push([t.text("temperature_other", { id: sensor.id }), t.celsius(sensor.celsius)]);
  }
  return rows.length ? rows : [[t.text("temperature_none"), ""]];
}

// What waits for the owner: [words, where it is done, words of the way there].
function news(facts) {
  const list = [];
  const { state, version } = facts.update ?? {};
  if (state === "available" || state === "ready") list.push([t.text("update_available", { version }), "system", t.text("update_look")]);
  if (facts.earth_monitoring === false && !facts.board?.lacks?.includes("pe_monitor")) {
    list.push([`${t.text("earth")}: ${t.text("earth_switched")}`, "settings/installation", t.text("nav.settings")]);
  }
  if (allows("admin") && facts.general?.setup_done === false) list.push([t.text("setup_open"), "wizard", t.text("setup_go")]);
  return list;
}

function showNews(facts) {
  const place = find("news");
  const list = news(facts);
  const signature = JSON.stringify(list);
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  place.replaceChildren(...list.map(([words, view, way]) => make("p", { class: "banner" }, make("span", { text: words }),
    make("a", { href: `#/${view}`, text: way }))));
  place.hidden = !list.length;
}

export function showDetails(facts) {
  showNews(facts);
  fill(find("phases"), [0, 1, 2].map(n => phaseRow(facts, n)));
  put(find("phases_used"), t.text(facts.phases_used ? "phases_used" : "phases_offered", { n: facts.phases, used: facts.phases_used }));
  put(find("meter"), facts.meter_source ? t.text(`measured.${facts.meter_source}`) + meterAge(facts.meter_age_s) : t.text("measured.none"));
  find("meter").classList.toggle("doubt", facts.meter_source === "estimate");
  fill(find("ceilings"), (facts.ceilings ?? []).map(row => ceilingRow(row, facts)));
  list(find("flags"), (facts.flags ?? []).map(flag => t.text("flag_by", {
    name: word(`flag.${flag.name}`, flag.name), source: sourceName(flag.source) })));
  fill(find("notes"), notes(facts));
  fill(find("temperatures"), temperatures(facts));
  put(find("derated"), facts.derated_by ? t.text("derated", { sensor: word(`sensor.${facts.derated_by}`, facts.derated_by) }) : t.text("not_derated"));
  find("derated").classList.toggle("doubt", Boolean(facts.derated_by));
  fill(find("life"), [[t.text("life_energy"), t.energy(facts.life_energy_wh)], [t.text("life_charging"), t.duration(facts.life_charging_s)],
    [t.text("energy_total"), t.energy(facts.energy_wh)]]);
}

export function showDevice(facts) {
  const late = facts.lateness_ms ?? {};
  fill(find("device"), [
    [t.text("cp_state"), `${facts.cp_state ?? "–"} (${facts.ev_state})`.replaceAll("_", "_\u200b")],
    [t.text("contactor"), t.text(`contactor.${facts.contactor}`)],
    [t.text("meter_model"), meterModel(facts.meter_model)],
    [t.text("lateness"), t.text("lateness_values", { p50: late.p50, p99: t.millis(late.p99), max: t.millis(late.max) })],
    [t.text("uptime"), t.duration(facts.uptime_s)],
    [t.text("boots"), String(facts.boot_number ?? "–")],
    [t.text("clock"), facts.utc ? t.moment(facts.utc) : t.text("clock_unset")],
    [t.text("version"), facts.version],
    [t.text("serial"), facts.serial ?? "–"],
    [t.text("board"), facts.board?.name ?? "–"],
  ]);
  const lacks = facts.board?.lacks ?? [];
  list(find("lacks"), lacks.map(name => word(`lacks.${name}`, name)));
  find("lacks").hidden = find("lacks_title").hidden = lacks.length === 0;
}
