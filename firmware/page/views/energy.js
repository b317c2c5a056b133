// Energy: what the meter says now, by phase; what was charged, this month by card and in the charger's life; and what it costs.

import { make } from "../dom.js";
import { months, pairs, pick } from "../parts/lists.js";
import * as t from "../texts.js";

export const texts = ["records"];

const kilowattHours = wh => wh === null || wh === undefined ? "–" : t.number(wh / 1000, 1, "kWh");

function phases(facts) {
  const cells = [["energy.current", n => t.ampereFine(facts.drawn_phases_ma?.[n])], ["energy.voltage", n => t.volt(facts.voltage_phases_v?.[n])],
    ["energy.power", n => t.watt(facts.power_phases_w?.[n])], ["energy.register", n => kilowattHours(facts.energy_phases_wh?.[n])]];
  const known = facts.energy_phases_wh?.some(one => one !== null) ? cells : cells.slice(0, 3);
  return make("table", { class: "numbers" },
    make("thead", {}, make("tr", {}, make("td"), [1, 2, 3].map(n => make("th", { scope: "col", text: `L${n}` })))),
    make("tbody", {}, known.map(([key, cell]) => make("tr", {}, make("th", { scope: "row", text: t.text(key) }),
      [0, 1, 2].map(n => make("td", { text: cell(n) }))))));
}

function source(facts) {
  if (!facts.meter_source) return t.text("energy.no_meter");
  if (facts.meter_source === "estimate") return t.text("energy.estimate");
  const model = facts.meter_model;
  const age = facts.meter_age_s > 2 ? ` · ${t.text("meter_age", { time: t.age(facts.meter_age_s) })}` : "";
  return t.text("energy.meter", { name: model?.models || model?.type || "–" }) + age;
}

function totals(facts) {
  const session = facts.session;
  return pairs([
    [t.text("energy.total_power"), t.watt(facts.power_w)], [t.text("energy.session"), session ? t.energy(session.energy_wh) : "–"],
    [t.text("energy.session_cost"), session ? t.money(session.cost_cents) : "–"], [t.text("energy.life"), kilowattHours(facts.life_energy_wh)],
    [t.text("energy.life_time"), t.duration(facts.life_charging_s)], [t.text("energy.meter_total"), kilowattHours(facts.energy_wh)]]);
}

// Prices are in hundredths of a cent per kWh.
const price = value => t.number(value / 100, value % 100 ? 2 : 0, "ct/kWh");

async function tariff(page) {
  let found;
  try {
    found = await page.api("GET", "settings");
  } catch (error) {
    return [make("p", { class: "soft", text: page.errorWords(error) })];
  }
  const first = found["tariff.price_1_per_kwh"], second = found["tariff.price_2_per_kwh"], times = found["tariff.times"];
  if (!first && !second) return [make("p", { class: "soft", text: t.text("energy.no_tariff") })];
  const rows = [[t.text("energy.price_1"), price(first)]];
  if (times) rows.push([t.text("energy.price_2"), price(second)], [t.text("energy.times"), times]);
  return [pairs(rows)];
}

async function month(page, wanted, place) {
  place.setAttribute("aria-busy", "true");
  try {
    const { cards } = await page.api("GET", `sessions/totals?month=${wanted}`, undefined, { timeout_ms: 60000 });
    const sum = key => cards.reduce((all, card) => all + card[key], 0);
    const line = (name, n, wh, cents, guessed, kind) => make("tr", { class: kind },
      make("th", { scope: "row", text: name }, make("span", { class: "soft", text: t.text("energy.sessions", { n }) })),
      make("td", { text: (guessed ? "≈\u2009" : "") + kilowattHours(wh) }), make("td", { text: cents ? t.money(cents) : "–" }));
    const rows = cards.map(card => line(card.user || card.uid || t.text("energy.no_card"), card.sessions, card.energy_wh, card.cost_cents, card.estimated));
    const all = line(t.text("energy.sum"), sum("sessions"), sum("energy_wh"), sum("cost_cents"), sum("estimated"), "sum");
    place.replaceChildren(rows.length ? make("table", { class: "numbers" }, make("thead", {}, make("tr", {}, make("td", { text: t.text("energy.card") }),
      make("th", { scope: "col", text: t.text("energy.charged") }), make("th", { scope: "col", text: t.text("energy.cost") }))),
    make("tbody", {}, rows, all)) : make("p", { class: "soft", text: t.text("energy.none") }));
  } catch (error) {
    place.replaceChildren(make("p", { class: "error", text: page.errorWords(error) }));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

export async function show(root, page) {
  const now = make("div"), said = make("p", { class: "soft" }), sums = make("div");
  const chosen = pick(t.text("energy.month"), { name: "month" }, months());
  const place = make("div", { class: "month" });
  chosen.input.addEventListener("change", () => month(page, chosen.input.value, place));
  const card = (id, key, ...children) => make("section", { class: "card", "aria-labelledby": id }, make("h2", { id, text: t.text(key) }), children);
  root.append(card("meter_title", "energy.now", now, said), card("totals_title", "energy.totals", sums),
    card("month_title", "energy.by_card", make("div", { class: "picks" }, chosen.element), place),
    card("tariff_title", "energy.tariff", ...await tariff(page)));
  page.onFacts(facts => {
    now.replaceChildren(phases(facts));
    said.textContent = source(facts);
    sums.replaceChildren(totals(facts));
  });
  month(page, chosen.input.value, place);
}
