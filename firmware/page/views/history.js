// Past sessions: chosen, looked at with their power curve, taken away as a file, and a month's statement.

import { Chart } from "../chart.js";
import { make } from "../dom.js";
import { pointsOf } from "../parts/kept_curve.js";
import { csvPicks, link, months, pagedList, pairs, pick, shortMoment } from "../parts/lists.js";
import * as t from "../texts.js";

export const texts = ["records"];

const uidOf = words => words.replace(/[^0-9a-f]/gi, "").toUpperCase();
const said = (key, otherwise) => t.has(key) ? t.text(key) : otherwise;

async function accounts(page) {
  try {
    const found = await page.api("GET", "settings");
    return [found["access.account_1"], found["access.account_2"]].filter(Boolean);
  } catch {
    return [];          // then there is no choice of accounts
  }
}

// The inputs that choose, and query() → what the charger is asked.
function filters(names, changed) {
  const period = pick(t.text("history.period"), {}, ["all", "90", "own"].map(name => [name, t.text(`history.period.${name}`)]));
  const from = pick(t.text("history.from"), { type: "date" });
  const to = pick(t.text("history.to"), { type: "date" });
  const card = pick(t.text("history.card"), { autocomplete: "off", spellcheck: "false", maxlength: 40, list: "cards_seen" });
  const account = pick(t.text("history.account"), {}, [["", t.text("history.every")], ...names.map(name => [name, name])]);
  const seen = make("datalist", { id: "cards_seen" });
  const dates = () => {
    from.element.hidden = to.element.hidden = period.input.value !== "own";
  };
  for (const one of [period, from, to, card, account]) one.input.addEventListener("change", () => { dates(); changed(); });
  dates();
  return {
    element: make("div", { class: "picks" }, [period, from, to, card, account].map(one => one.element), seen),
    query: () => {
      const wanted = new URLSearchParams();
      if (period.input.value === "90") wanted.set("days", "90");
      if (period.input.value === "own" && from.input.value) wanted.set("from", from.input.value);
      if (period.input.value === "own" && to.input.value) wanted.set("to", to.input.value);
      if (uidOf(card.input.value)) wanted.set("uid", uidOf(card.input.value));
      if (account.input.value) wanted.set("account", account.input.value);
      return wanted;
    },
    card: () => uidOf(card.input.value),
    see: ({ uid, user }) => {
      if (uid && ![...seen.children].some(one => one.value === uid)) seen.append(make("option", { value: uid, text: user }));
    },
  };
}

async function showCurve(page, session, place) {
  let found;
  try {
    found = await page.api("GET", `sessions/${session.number}/curve`);
  } catch (error) {
    place.replaceChildren(make("p", { class: "soft", text: error.code === "no_curve" ? t.text("history.no_curve") : page.errorWords(error) }));
    return;
  }
  const readout = make("p", { class: "readout" });
  const chart = make("div", { class: "chart", tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-label": t.text("curve_title") });
  place.replaceChildren(readout, chart);
  const points = pointsOf(found);
  const far = Math.max(15, found.step_s * 3);
  new Chart({ points, session, gap: n => n > 0 && points[n][0] - points[n - 1][0] > far }, chart, readout).draw();
}

function details(session) {
  const guess = session.estimated ? "≈\u2009" : "";
  const register = wh => wh === null ? null : t.number(wh / 1000, 3, "kWh");
  const rows = [
    ["history.number", String(session.number)], ["history.start", session.start && t.moment(session.start)],
    ["history.end", session.end && t.moment(session.end)], ["history.duration", t.duration(session.duration_s)],
    ["history.charging", t.duration(session.charging_s)], ["history.energy", guess + t.number(session.energy_wh / 1000, 3, "kWh")],
    ["history.meter_start", register(session.meter_start_wh)], ["history.meter_stop", register(session.meter_stop_wh)],
    ["history.cost", session.cost_cents === null ? null : t.money(session.cost_cents)], ["history.card", session.uid],
    ["history.user", session.user], ["history.account", session.account], ["history.phases", session.phases ? String(session.phases) : null],
    ["history.reason", said(`end.${session.end_reason}`, session.end_reason)], ["history.transaction", session.transaction_id], ["history.comment", session.comment],
  ];
  return pairs(rows.filter(row => row[1]).map(([key, words]) => [t.text(key), words]));
}

function row(page, session) {
  const who = [session.user || session.uid || t.text("history.nobody"), session.account, t.duration(session.charging_s)].filter(Boolean);
  const place = make("div", { class: "kept_curve" });
  const box = make("details", { class: "session", "data-number": session.number },
    make("summary", {},
      make("span", { class: "when" }, make("strong", { text: session.start ? shortMoment(session.start) : t.text("history.no_time", { n: session.number }) }),
        make("span", { class: "soft", text: who.join(" · ") })),
      make("span", { class: "what" }, make("strong", { text: (session.estimated ? "≈\u2009" : "") + t.energy(session.energy_wh) }),
        session.cost_cents === null ? null : make("span", { class: "soft", text: t.money(session.cost_cents) }))),
    place, details(session));
  box.addEventListener("toggle", () => {
    place.setAttribute("aria-busy", "true");
    showCurve(page, session, place).finally(() => place.removeAttribute("aria-busy"));
  }, { once: true });
  return make("li", {}, box);
}

export async function show(root, page) {
  const choice = filters(await accounts(page), () => sessions.load());
  const sessions = pagedList(page, async from => {
    const wanted = choice.query();
    wanted.set("limit", "20");
    if (from !== null) wanted.set("before", from);
    const found = await page.api("GET", `sessions?${wanted}`);
    found.sessions.forEach(choice.see);
    return { rows: found.sessions, next: found.next };
  }, session => row(page, session), () => t.text("history.none"));
  const csv = csvPicks(true);
  const month = pick(t.text("history.month"), {}, months());
  const person = pick(t.text("history.card"), { autocomplete: "off", spellcheck: "false", maxlength: 40, list: "cards_seen", placeholder: t.text("history.every_card") });
  const asked = () => new URLSearchParams({ month: month.input.value, uid: uidOf(person.input.value), lang: document.documentElement.lang,
    separator: csv[0].input.value, decimal: csv[1].input.value });
  const statement = kind => () => `api/v1/statement${kind}?${asked()}`;
  root.append(
    make("section", { class: "card", "aria-labelledby": "sessions_title" }, make("h2", { id: "sessions_title", text: t.text("history.title") }),
      choice.element, sessions.element),
    make("section", { class: "card", "aria-labelledby": "file_title" }, make("h2", { id: "file_title", text: t.text("history.file") }),
      make("p", { class: "soft", text: t.text("history.file_text") }),
      make("div", { class: "picks" }, csv.map(one => one.element)),
      make("div", { class: "actions" }, link(t.text("history.download"), () => {
        const wanted = choice.query();
        for (const one of csv) wanted.set(one.input.name, one.input.value);
        return `api/v1/sessions.csv?${wanted}`;
      }, { id: "sessions_csv", download: true }))),
    make("section", { class: "card", "aria-labelledby": "statement_title" }, make("h2", { id: "statement_title", text: t.text("history.statement") }),
      make("p", { class: "soft", text: t.text("history.statement_text") }),
      make("div", { class: "picks" }, month.element, person.element),
      make("div", { class: "actions" }, link(t.text("history.print"), statement(""), { id: "statement", target: "_blank", rel: "noopener", class: "button main" }),
        link(t.text("history.statement_csv"), statement(".csv"), { download: true }))));
  await sessions.load();
}
