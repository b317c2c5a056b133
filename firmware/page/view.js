// Puts the overview on the page: state, power, who limits, faults, the connection. Nothing here asks or commands.

import { limitSentence, whySentence } from "./sentences.js";
import * as t from "./texts.js";

// overview state: [colour, icon]
const LOOKS = {
  Idle: ["", "plug"], ReadyForCharging: ["", "ready"], Charging: ["charging", "bolt"], Suspended: ["paused", "pause"],
  RecoverFromError: ["fault", "again"], UnrecoverableError: ["fault", "fault"], TokenProgrammingMode: ["", "card"],
  ServiceMode: ["", "service"], Degraded: ["limited", "limited"],
};
const COLOURS = ["charging", "paused", "fault", "limited"];

const find = id => document.getElementById(id);

// Writes only what differs: a screen reader speaks what was written, and a selection stays.
export function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function stepSentence(facts) {
  if (facts.overview_state === "ServiceMode" && facts.availability === "inoperative") return t.text("step.service");
  if (facts.session_state === "fault" && facts.contactor !== "open") return t.text("step.fault_live");
  return whySentence(facts) || t.text(`step.${facts.session_state}`);
}

function paragraph(words, kind = "p") {
  return Object.assign(document.createElement(kind), { textContent: words });
}

function showFaults(facts) {
  const { faults, retry_in_s: left } = facts;
  const place = find("faults");
  const retry = left === null || !faults.some(fault => fault.severity === "error") ? "" : t.text("retry_in", { time: t.age(left) });
  if (place.dataset.retry !== undefined) for (const line of place.querySelectorAll(".retry")) put(line, retry);
  const signature = JSON.stringify([faults, Boolean(retry), document.documentElement.lang]);
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  place.dataset.retry = "";
  place.replaceChildren(...faults.map(fault => {
    const box = document.createElement("div");
    box.className = `notice ${fault.severity}`;
    const name = t.has(fault.advice) ? t.text(fault.advice) : fault.name;
    const key = `${fault.advice}.advice`;
    box.append(paragraph(t.text("fault_title", { name, code: fault.code }), "h2"),
               paragraph(t.has(key) ? t.text(key) : t.text("fault.unknown.advice")));
    const since = fault.since ? paragraph(t.text("since", { time: t.moment(fault.since) })) : null;
    if (since) box.append(since);
    if (retry && fault.severity === "error") {
      const line = paragraph(retry);
      line.className = "retry";
      line.setAttribute("aria-live", "off");       // counts down: to be seen, not to be spoken each second
      box.append(line);
    }
    return box;
  }));
  place.hidden = faults.length === 0;
}

function showGauge(facts) {
  const own = (facts.ceilings ?? []).map(row => row.limit_ma).filter(ma => ma <= 80000);
  const most = Math.max(6000, ...own, facts.limit_ma);
  const gauge = find("gauge").style;
  gauge.setProperty("--reach", `${facts.limit_ma / most * 100}%`);
  gauge.setProperty("--drawn", `${Math.min(1, (facts.drawn_ma ?? 0) / most) * 100}%`);
  gauge.setProperty("--offered", `${facts.offered_ma / most * 100}%`);
}

function showSteps(facts) {
  let past = true;
  for (const item of find("steps").children) {
    const now = item.dataset.stage === facts.step;
    if (now) past = false;
    item.className = now ? "now" : past ? "past" : "";
    if (now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

export function showFacts(facts, account) {
  const [colour, icon] = LOOKS[facts.overview_state] ?? ["", "plug"];
  for (const name of COLOURS) document.body.classList.toggle(name, name === colour);
  if (find("sign").getAttribute("href") !== `#icon-${icon}`) find("sign").setAttribute("href", `#icon-${icon}`);
  put(find("name"), facts.station_name ?? "Mode3");
  put(find("serial"), facts.serial ?? "");
  const state = t.text(`state.${facts.overview_state}`);
  document.title = `${state} · ${facts.station_name ?? "Mode3"}`;
  put(find("state"), state);
  const step = stepSentence(facts);
  put(find("step"), step);
  // A sentence may count down: it is spoken when its matter changes, not each second.
  const matter = JSON.stringify([facts.overview_state, facts.why_not_charging?.code, document.documentElement.lang]);
  if (find("say").dataset.matter !== matter) {
    find("say").dataset.matter = matter;
    put(find("say"), `${state}. ${step}`);
  }
  const session = facts.session;
  const guessed = facts.meter_source === "estimate" ? "≈\u2009" : "";
  const values = {
    power: t.watt(facts.power_w),
    session_energy: session ? guessed + t.energy(session.energy_wh) : "–",
    duration: session ? t.duration(session.duration_s) : "–",
    charging_time: session ? t.duration(session.charging_s) : "–",
    cost: t.money(session?.cost_cents),
    account: account || "–",
    began: session?.start ? t.clockAt(session.start, 0, false) : "–",
    drawn: guessed + t.ampereFine(facts.drawn_ma),
    offered: t.ampere(facts.offered_ma),
    allowed: t.ampere(facts.limit_ma),
  };
  for (const element of document.querySelectorAll("[data-fact]")) put(element, values[element.dataset.fact]);
  find("estimated").hidden = !guessed;
  put(find("limit"), facts.why_not_charging?.code === "limit" ? "" : limitSentence(facts));     // else it would say it twice
  showGauge(facts);
  showSteps(facts);
  showFaults(facts);
}

// {link: wait, on, paused or lost, age_ms and at (ms since 1970) of the newest facts, null while there are none}
export function showLink({ link, age_ms, at }) {
  find("link").dataset.link = link;
  put(find("link_words"), t.text(`link.${link}`, { time: at === null ? "" : t.clock(at) }));
  const lost = ["lost", "wait", "locked"].includes(link);
  document.body.classList.toggle("stale", link === "lost");
  const place = find("lost");
  const key = lost ? link + document.documentElement.lang : "";
  if (place.dataset.key !== key) {
    place.dataset.key = key;
    place.hidden = !lost;
    place.replaceChildren();
    if (lost) {
      const age = document.createElement("span");
      age.setAttribute("aria-hidden", "true");      // counts up: to be seen, not to be spoken each second
      place.append(t.text({ wait: "connecting", locked: "needs_role" }[link] ?? "lost"), " ", age);
    }
  }
  if (link === "lost") put(place.lastElementChild, t.text("age", { age: t.age(Math.floor(age_ms / 1000)) }));
}
