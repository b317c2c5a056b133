// What a technician looks at: faults with advice, grid, meter, temperatures, the control loop, tasks, memory, network quality.

import { button, make } from "../dom.js";
import { nameOf, save } from "../parts/files.js";
import { actions, alive, badge, card, pairs, rowsOf, soft, trying, word } from "../parts/pieces.js";
import * as t from "../texts.js";

// text key, part of the facts that it shows, rows of it. A row's value may be null: nothing is known.
const CARDS = [
  ["diagnostics.grid", facts => [
    [t.text("diagnostics.phases"), t.text(facts.phases_used ? "phases_used" : "phases_offered", { n: facts.phases, used: facts.phases_used })],
    [t.text("voltage"), (facts.voltage_phases_v ?? []).map(t.volt).join(" · ")],
    [t.text("current"), (facts.drawn_phases_ma ?? []).map(t.ampereFine).join(" · ")],
    [t.text("power"), (facts.power_phases_w ?? []).map(t.watt).join(" · ")],
    [t.text("diagnostics.most"), t.ampere(facts.ceilings?.find(one => one.source === "installation")?.limit_ma)],
    facts.supply_present?.some(one => one !== null) && [t.text("diagnostics.mains"),
      facts.supply_present.map((one, n) => `L${n + 1}: ${one === null ? "–" : t.text(one ? "form.on" : "form.off")}`).join(" · ")],
  ]],
  ["diagnostics.pilot", facts => [
    [t.text("cp_state"), `${facts.cp_state ?? "–"} (${facts.ev_state})`.replaceAll("_", "_\u200b")],
    [t.text("contactor"), t.text(`contactor.${facts.contactor}`)],
    [t.text("offered"), t.ampere(facts.offered_ma)],
    [t.text("diagnostics.reclose"), facts.reclose_in_s ? t.duration(facts.reclose_in_s) : "–"],
    [t.text("diagnostics.coil_watchdog"), word(`diagnostics.coil.${facts.coil_watchdog}`, facts.coil_watchdog)],
    [t.text("diagnostics.failing"), facts.board?.failing?.join(", ") || t.text("none")],
  ]],
  ["diagnostics.meter", facts => [
    [t.text("meter_model"), facts.meter_model ? facts.meter_model.models || facts.meter_model.type : "–"],
    [t.text("diagnostics.answers"), facts.meter_bus ? t.text("diagnostics.of", { n: facts.meter_bus.replies, all: facts.meter_bus.requests }) : "–"],
    facts.meter_bus && [t.text("diagnostics.bus_errors"), t.text("diagnostics.bus_values", facts.meter_bus)],
    facts.meter_bus?.last_failure && [t.text("diagnostics.last_failure"), String(facts.meter_bus.last_failure)],
    [t.text("diagnostics.age"), facts.meter_age_s === null ? "–" : t.age(facts.meter_age_s)],
  ]],
  ["temperatures_title", facts => Object.entries(facts.temperatures ?? {}).filter(([, c]) => c !== null)
    .map(([place, c]) => [t.text(`temperature.${place}`), t.celsius(c)])],
  ["diagnostics.loop", facts => [
    [t.text("lateness"), t.text("lateness_values", { p50: facts.lateness_ms?.p50, p99: t.millis(facts.lateness_ms?.p99), max: t.millis(facts.lateness_ms?.max) })],
    [t.text("uptime"), t.duration(facts.uptime_s)],
  ]],
  ["nav.network", facts => facts.network ? [
    [t.text("network.mode"), t.text(`network.mode.${facts.network.mode}`)], [t.text("network.ip"), facts.network.ip],
    [t.text("network.signal"), facts.network.rssi_dbm === null || facts.network.rssi_dbm === undefined ? "–" : t.number(facts.network.rssi_dbm, 0, "dBm")],
    facts.mqtt && ["MQTT", [facts.mqtt.state, facts.mqtt.reason].filter(Boolean).join(" · ")],
  ] : []],
];

export const texts = ["form", "network"];

const LONG_MS = 60000;

export async function show(root, page) {
  root.append(faults(page));
  for (const [key, rows] of CARDS) {
    if (page.facts && !rows(page.facts).filter(Boolean).length) continue;
    root.append(card(t.text(key), alive(page, rows, facts => pairs(rows(facts)))));
  }
  root.append(tasks(page));
  const memory = make("p", { role: "status" });
  root.append(card(t.text("diagnostics.file"), soft(t.text("diagnostics.file_text")), actions(
    button(t.text("diagnostics.download"), trying(page, () => download(page))),
    page.allows("admin") && button(t.text("diagnostics.memory"), trying(page, () => look(page, memory))),
    page.allows("admin") && button(t.text("diagnostics.send"), trying(page, () => send(page)))), memory));
}

// The heap costs a charger some work to measure: only when asked for.
async function look(page, place) {
  const { heap } = await page.api("GET", "diagnostics", undefined, { timeout_ms: LONG_MS });
  const kilo = bytes => t.number(Math.round(bytes / 1024), 0, "kB");
  place.textContent = heap ? t.text("diagnostics.free", { free: kilo(heap.free), all: kilo(heap.free + heap.used) }) : t.text("none");
}

async function send(page) {
  const done = await page.ask({
    title: t.text("diagnostics.send"), yes: t.text("diagnostics.send"),
    fields: [{ name: "url", type: "text", label: t.text("diagnostics.url"), required: true }],
    submit: values => page.api("POST", "diagnostics/upload", values, { timeout_ms: LONG_MS }),
  });
  if (done) page.notice(t.text("diagnostics.sent"));
}

function faults(page) {
  const draw = facts => facts.faults.length ? facts.faults.map(fault => make("div", { class: `notice ${fault.severity}` },
    make("h3", { text: t.text("fault_title", { name: word(fault.advice, fault.name), code: fault.code }) }),
    make("p", { text: word(`${fault.advice}.advice`, t.text("fault.unknown.advice")) }),
    fault.since && soft(t.text("since", { time: t.moment(fault.since) })))) : soft(t.text("diagnostics.no_faults"));
  return card(t.text("diagnostics.faults"), alive(page, facts => facts.faults, draw));
}

function tasks(page) {
  const look = facts => facts.tasks?.map(task => [task.name, task.restarts, task.last_error]);
  const draw = facts => rowsOf((facts.tasks ?? []).map(task => [
    make("span", {}, task.name, task.last_error && soft(task.last_error)),
    badge(task.restarts ? t.text("diagnostics.restarts", { n: task.restarts }) : t.text("diagnostics.runs"), task.restarts ? "bad" : "good")]));
  return card(t.text("diagnostics.tasks"), alive(page, look, draw));
}

// An administrator's file holds settings and events too; others get the facts.
async function download(page) {
  if (page.allows("admin")) {
    const answer = await page.api("GET", "diagnostics", undefined, { raw: true, timeout_ms: LONG_MS });
    save(nameOf(answer, "diagnostics.json"), await answer.blob());
  } else save("status.json", JSON.stringify(await page.api("GET", "status"), null, 1), "application/json");
}
