// Words and numbers for people. The firmware sends codes; every word stands in translations/<language>.json.

export const LANGUAGES = ["en", "de", "fr"];

let words = {};
let locale = "en";      // the language with the visitor's region where it has one: how numbers and dates are written
let language = "en";
let general = {};       // how this charger's owner wants things shown: currency, units, language
const PACKED = document.documentElement.hasAttribute("data-packed");     // then one file holds what the other sets do
const sets = new Map([["", {}]]);       // "" is what the first view needs; the others came with what needs them

// What this browser has chosen, else the charger's own, else the browser's.
export function chosen() {
  const wishes = [general.language, ...navigator.languages || []];
  try {
    wishes.unshift(localStorage.getItem("language"));
  } catch { /* storage is switched off: the browser's language is as good */ }
  return wishes.map(wish => wish?.slice(0, 2).toLowerCase()).find(wish => LANGUAGES.includes(wish)) ?? "en";
}

// Takes the fact `general`; whether something is to be shown otherwise than before.
export function setGeneral(found) {
  const changed = found && JSON.stringify(found) !== JSON.stringify(general);
  if (changed) general = found;
  return Boolean(changed);
}

async function fetched(name, wanted) {
  const answer = await fetch(`translations/${name}${name && "."}${wanted}.json`);
  if (!answer.ok) throw new Error(`translations: ${answer.status}`);
  const found = await answer.json();
  if (!PACKED) return [name, found];
  const keys = await (await fetch(`translations/${name}${name && "."}keys.json`)).json();     // once for all languages
  const texts = found.split("|");
  return [name, Object.fromEntries(keys.split("|").map((key, n) => [key, texts[n]]))];
}

function put(found) {
  for (const [name, texts] of found) sets.set(name, texts);
  words = Object.assign({}, ...sets.values());
}

// Loads the texts of translations/<name>.<language>.json for each name that is not there yet.
export async function load(names) {
  const asked = language;
  put(await Promise.all([...new Set(PACKED ? ["more"] : names)].filter(name => !sets.has(name)).map(name => fetched(name, asked))));
  if (asked !== language) await use(language, false);      // somebody chose another meanwhile
}

export async function use(wanted, keep) {
  language = wanted;
  put(await Promise.all([...sets.keys()].map(name => fetched(name, wanted))));
  locale = (navigator.languages || []).find(wish => wish.toLowerCase().startsWith(wanted)) || wanted;
  document.documentElement.lang = wanted;
  fill(document);
  if (keep) {
    try { localStorage.setItem("language", wanted); } catch { /* holds for this visit */ }
  }
}

// Puts the words on what carries data-t (its text) or data-label (its name).
export function fill(place) {
  for (const element of place.querySelectorAll("[data-t]")) element.textContent = text(element.dataset.t);
  for (const element of place.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text(element.dataset.label));
}

export function has(key) {
  return Object.hasOwn(words, key);
}

// The text of a key with {names} filled in; an unknown key shows itself, so that a missing word is seen and not guessed. French signs
// that stand off their words do not go over a line's end without them.
export function text(key, values = {}) {
  return (words[key] ?? key).replace(/« | (?=[;:!?»])/g, one => `${one.trim()}\u00a0`).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export function number(value, digits, unit) {
  const shown = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  return unit ? `${shown}\u202f${unit}` : shown;
}

const unknown = value => value === null || value === undefined;

export const ampere = ma => unknown(ma) ? "–" : number(ma / 1000, ma % 1000 ? 1 : 0, "A");
export const ampereFine = ma => unknown(ma) ? "–" : number(ma / 1000, 1, "A");
export const volt = v => unknown(v) ? "–" : number(v, 0, "V");
export const celsius = c => unknown(c) ? "–" : general.units === "imperial" ? number(c * 9 / 5 + 32, 0, "°F") : number(c, 0, "°C");
export const millis = ms => unknown(ms) ? "–" : number(ms, 0, "ms");
export const watt = w => unknown(w) ? "–" : Math.abs(w) < 1000 ? number(w, 0, "W") : number(w / 1000, 2, "kW");
export const energy = wh => unknown(wh) ? "–" : wh < 1000 ? number(wh, 0, "Wh") : number(wh / 1000, 2, "kWh");

export function duration(s) {
  if (unknown(s)) return "–";
  const two = n => String(n).padStart(2, "0");
  const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  const days = Math.floor(s / 86400);
  return days ? text("days", { n: days, clock }) : clock;
}

// How long ago, for people: seconds first, then a clock.
export const age = s => s < 60 ? number(s, 0, "s") : duration(s);

// A number for an axis in kW, without its unit.
export const kilowattPlain = w => new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(w / 1000);

// Cents of the tariff's currency.
export function money(cents) {
  if (unknown(cents)) return "–";
  const style = /^[A-Z]{3}$/.test(general.currency ?? "") ? { style: "currency", currency: general.currency } : { minimumFractionDigits: 2 };
  return new Intl.NumberFormat(locale, style).format(cents / 100);
}

// Time of day.
export const clock = ms => new Intl.DateTimeFormat(locale, { timeStyle: "medium" }).format(new Date(ms));

// The time of day s seconds after start (RFC 3339); where the charger's clock was not set, how long after it.
export function clockAt(start, s, seconds) {
  if (!start) return duration(s);
  const style = { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) };
  return new Intl.DateTimeFormat(locale, style).format(new Date(Date.parse(start) + s * 1000));
}

export function moment(iso) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(iso));
}
