// Puts facts on the page. Nothing here asks or commands.

import { limitSentence, whySentence } from "./sentences.js";
import * as t from "./texts.js";

const COLOURS = { Charging: "charging", Suspended: "paused", RecoverFromError: "fault", UnrecoverableError: "fault" };

const find = id => document.getElementById(id);

// Writes only what differs: a screen reader speaks what was written, and a selection stays.
function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function fill(table, rows) {
  while (table.rows.length > rows.length) table.deleteRow(-1);
  rows.forEach((cells, y) => {
    const row = table.rows[y] ?? table.insertRow();
    row.className = cells.className ?? "";
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((words, x) => {
      if (!row.cells[x]) row.append(Object.assign(document.createElement(x ? "td" : "th"), x ? {} : { scope: "row" }));
      put(row.cells[x], words);
    });
  });
}

function sourceName(source) {
  return t.has(`source.${source}`) ? t.text(`source.${source}`) : source;
}

function stepSentence(facts) {
  if (facts.overview_state === "ServiceMode") return t.text("step.service");
  if (facts.session_state === "fault" && facts.contactor !== "open") return t.text("step.fault_live");
  return whySentence(facts) || t.text(`step.${facts.session_state}`);
}

function showFaults(faults) {
  const place = find("faults");
  const signature = JSON.stringify([faults, document.documentElement.lang]);
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  place.replaceChildren(...faults.map(fault => {
    const box = document.createElement("div");
    box.className = `notice ${fault.severity}`;
    const title = document.createElement("h2");
    title.textContent = t.text("fault_title", {
      name: t.has(fault.advice) ? t.text(fault.advice) : fault.name, code: fault.code });
    const advice = document.createElement("p");
    const key = `${fault.advice}.advice`;
    advice.textContent = t.has(key) ? t.text(key) : t.text("fault.unknown.advice");
    box.append(title, advice);
    if (fault.since) {
      const since = document.createElement("p");
      since.textContent = t.text("since", { time: t.moment(fault.since) });
      box.append(since);
    }
    return box;
  }));
  place.hidden = faults.length === 0;
}

// A reading is a second old as a rule; only older ones are worth a word.
const meterAge = seconds => seconds > 2 ? ` · ${t.text("meter_age", { time: t.age(seconds) })}` : "";

function meterModel(model) {
  if (!model) return "–";
  const name = model.models || model.type;
  return model.evidence === "unverified" ? `${name} · ${t.text("meter_unverified")}` : name;
}

function showDetails(facts) {
  const phases = [0, 1, 2].map(n => [
    `L${n + 1}`, t.ampereFine(facts.drawn_phases_ma?.[n]), t.volt(facts.voltage_phases_v?.[n])]);
  fill(find("phases"), phases);
  fill(find("ceilings"), (facts.ceilings ?? []).map(row => {
    const name = sourceName(row.source);
    const cells = [row.failsafe ? t.text("failsafe", { name }) : name, t.ampere(row.limit_ma)];
    if (row.source === facts.limited_by) cells.className = "lowest";
    return cells;
  }));
  const late = facts.lateness_ms ?? {};
  const rows = [
    [t.text("cp_state"), `${facts.cp_state ?? "–"} (${facts.ev_state})`.replaceAll("_", "_\u200b")],
    [t.text("contactor"), t.text(`contactor.${facts.contactor}`)],
    [t.text("energy_total"), t.energy(facts.energy_wh)],
    [t.text("meter"), facts.meter_source ? t.text(`meter.${facts.meter_source}`) + meterAge(facts.meter_age_s) : "–"],
    [t.text("meter_model"), meterModel(facts.meter_model)],
    [t.text("life_energy"), t.energy(facts.life_energy_wh)],
    [t.text("life_charging"), t.duration(facts.life_charging_s)],
    ...Object.entries(facts.temperatures ?? {}).filter(row => row[1] !== null)
      .map(([place, c]) => [t.text(`temperature.${place}`), t.celsius(c)]),
    [t.text("lateness"), t.text("lateness_values", { p50: late.p50, p99: t.millis(late.p99), max: t.millis(late.max) })],
    [t.text("uptime"), t.duration(facts.uptime_s)],
    [t.text("boots"), String(facts.boot_number ?? "–")],
    [t.text("clock"), facts.utc ? t.moment(facts.utc) : t.text("clock_unset")],
    [t.text("version"), facts.version],
    [t.text("serial"), facts.serial ?? "–"],
    [t.text("board"), facts.board?.name ?? "–"],
  ];
  if (facts.board?.lacks?.length) {
    rows.push([t.text("lacks"), facts.board.lacks.map(name => t.has(`lacks.${name}`) ? t.text(`lacks.${name}`) : name).join(", ")]);
  }
  fill(find("device"), rows);
}

export function showFacts(facts) {
  const colour = COLOURS[facts.overview_state] ?? "";
  for (const name of ["charging", "paused", "fault"]) document.body.classList.toggle(name, name === colour);
  put(find("name"), facts.serial ? `Mode3 ${facts.serial}` : "Mode3");
  put(find("state"), t.text(`state.${facts.overview_state}`));
  put(find("step"), stepSentence(facts));
  const guessed = facts.meter_source === "estimate" ? "≈\u2009" : "";
  const values = {
    power: guessed + t.watt(facts.power_w),
    session_energy: facts.session ? guessed + t.energy(facts.session.energy_wh) : "–",
    duration: facts.session ? t.duration(facts.session.duration_s) : "–",
    drawn: guessed + t.ampereFine(facts.drawn_ma),
    offered: t.ampere(facts.offered_ma),
    allowed: t.ampere(facts.limit_ma),
    voltage: t.volt(facts.voltage_v),
  };
  for (const element of document.querySelectorAll("[data-fact]")) put(element, values[element.dataset.fact]);
  put(find("limit"), limitSentence(facts));
  showFaults(facts.faults ?? []);
  if (find("more").open) showDetails(facts);
}

export { showDetails };

// ms: how old the facts are; null: there were none yet.
export function showAge(ms, silentMs) {
  const lost = ms === null || ms > silentMs;
  document.body.classList.toggle("stale", lost);
  const place = find("lost");
  if (place.hidden === lost) {
    place.hidden = !lost;
    place.replaceChildren();
    if (lost) {
      const age = document.createElement("span");
      age.setAttribute("aria-hidden", "true");      // counts up: to be seen, not to be spoken each second
      place.append(t.text(ms === null ? "connecting" : "lost"), " ", age);
    }
  }
  if (lost && ms !== null) put(place.lastElementChild, t.text("age", { age: t.age(Math.floor(ms / 1000)) }));
}
