// Forms made of the charger's own table of settings: a setting that the firmware adds appears by itself.

import { button, make } from "../dom.js";
import * as t from "../texts.js";
import { checkAll, field, showError } from "./field.js";
import { zoneName } from "./zones.js";

// What a view that shows a form names in its `texts`.
export const FORM_TEXTS = ["form", "settings"];

const TYPES = { bool: "switch", int: "number", str: "text", choice: "choice" };
const word = (key, otherwise) => t.has(key) ? t.text(key) : otherwise;

export const labelOf = key => word(`setting.${key}`, key);

// Rows of GET settings/table that this reader may see; a secret that he may not write shows nothing.
export async function settingsTable(page) {
  return (await page.api("GET", "settings/table")).settings.filter(row => row.writable || row.class !== "secret");
}

const choiceWords = (key, value) => word(`option.${key}.${value}`, String(value));

// Words for a value as it is shown beside its name.
export function valueWords(row, value) {
  if (row.class === "secret") return value ? "••••" : "–";
  if (row.key === "time.zone") return zoneName(value);
  if (row.type === "bool") return t.text(value ? "form.on" : "form.off");
  if (row.type === "choice") return choiceWords(row.key, value) + (row.unit ? `\u202f${row.unit}` : "");
  if (value === "") return "–";
  return row.unit ? `${value}\u202f${row.unit}` : String(value);
}

function specOf(row, hook) {
  const secret = row.class === "secret";
  const help = [word(row.help, "")];
  if (row.restart) help.push(t.text("form.restart"));
  const spec = {
    name: row.key, label: labelOf(row.key), type: secret ? "password" : TYPES[row.type] ?? "text", unit: row.unit,
    min: row.min, max: row.max, min_length: row.min_length, max_length: row.max_length, readonly: !row.writable,
    value: secret ? "" : row.value, help: help.filter(Boolean).join(" "), autocomplete: secret ? "new-password" : "off",
  };
  if (row.type === "choice") spec.choices = row.choices.map(value => [value, choiceWords(row.key, value)]);
  if (row.type === "int") spec.required = true;
  if (row.type === "str" && row.max_length > 120) {         // a secret is never sent here: nobody reads it
    spec.type = "area";
    spec.rows = row.max_length > 1000 ? 4 : 2;      // certificates have lines; other long texts are one line that is shown in two
  }
  if (secret && row.is_set) spec.help = `${spec.help} ${t.text("form.secret_set")}`.trim();
  return { ...spec, ...hook?.(row, spec) };
}

// A form of the rows. hooks: {key: (row, spec) → what its field has different}. groups: [[title, keys]], rows that no group names
// come last. bare: without a bar of its own; then form.apply() → whether all is saved, form.reset() and form.propose(key,
// choose(values that its choice has) → value or null). sure(values) may ask before they are sent; saved(values) is called after the charger has taken them.
export function settingsForm(page, rows, { hooks = {}, groups = [], sure = () => true, saved = () => {}, bare = false } = {}) {
  const fields = rows.map(row => field(specOf(row, hooks[row.key])));
  const rowOf = Object.fromEntries(rows.map(row => [row.key, row]));
  const writable = fields.filter(one => !one.spec.readonly);
  const words = make("p", { class: "changes" });
  const trouble = make("p", { class: "error", role: "alert", hidden: true });
  const bar = make("div", { class: "apply", hidden: true }, words, trouble,
    make("div", { class: "actions" }, button(t.text("form.discard"), reset), make("button", { type: "submit", class: "main", text: t.text("form.apply") })));
  const form = make("form", { class: "settings", novalidate: true }, sections(fields, groups), bar);

  const isSecret = one => rowOf[one.name].class === "secret";
  const before = one => isSecret(one) ? "" : rowOf[one.name].value;
  const changed = () => writable.filter(one => one.get() !== before(one));

  function reset() {
    for (const one of fields) {
      one.set(before(one));
      one.error(null);
    }
    look();
  }

  function look() {
    const list = changed();
    bar.hidden = list.length === 0 || bare;
    trouble.hidden = true;
    words.textContent = list.map(one => t.text("form.change", {
      name: one.spec.label, before: isSecret(one) ? "••••" : valueWords(rowOf[one.name], before(one)),
      after: valueWords(rowOf[one.name], one.get() ?? "") })).join(" · ");
    for (const one of writable) one.element.classList.toggle("changed", list.includes(one));
  }

  async function apply() {
    const list = changed();
    if (!list.length) return true;
    if (form.ariaBusy === "true" || !checkAll(list)) return false;
    form.ariaBusy = "true";
    const values = Object.fromEntries(list.map(one => [one.name, one.get()]));
    try {
      if (!await sure(values)) return false;
      await page.api("PUT", "settings", values);
      for (const one of list) Object.assign(rowOf[one.name], { value: one.get(), is_set: true });
      for (const one of list.filter(isSecret)) one.set("");
      look();
      if (!bare) page.notice(t.text(list.some(one => rowOf[one.name].restart) ? "form.saved_restart" : "form.saved"));
      page.refresh();
      saved(values);
      return true;
    } catch (error) {
      const said = error.status === 422 ? refusal(error) : page.errorWords(error);
      if (!showError(fields, error, said)) {
        trouble.textContent = said;
        trouble.hidden = bar.hidden = false;
      }
      return false;
    } finally {
      form.ariaBusy = "false";
    }
  }

  form.addEventListener("input", look);
  form.addEventListener("change", event => {
    look();
    fields.find(one => one.input === event.target)?.check();
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    apply();
  });
  function propose(key, choose) {
    const one = writable.find(field => field.name === key);
    const value = one && choose((one.spec.choices ?? []).map(([each]) => each));
    if (!value) return;
    one.set(value);
    look();
  }

  Object.assign(form, { apply, reset, propose });
  page.keepUnsaved(() => form.isConnected && changed().length > 0);
  look();
  return form;
}

// What is allowed: the charger tells whose rule it is, of the field or of its area. Only where there are no words for that, its own are
// shown, which are a technician's. inFile: no field is there that tells the range.
export function refusal({ message, field, rule }, inFile) {
  const said = /; allowed is (.*)$/.exec(message)?.[1];
  if (!said) return t.text("form.refused", { message });
  if (inFile && rule === "range") return t.text("form.allowed", { allowed: rangeWords(said) });
  const key = [`allowed.${rule}.${field}`, `allowed.${rule}.${field?.split(".")[0]}`, `allowed.${rule}`].find(one => t.has(one));
  return t.text("form.allowed", { allowed: key ? t.text(key, { said }) : said });
}

// The table's own words (settings/schema.py): numbers, lengths or codes, which are the same in every language.
function rangeWords(said) {
  const [, min, max, unit] = /(-?\d+) to (-?\d+) ?(.*)/.exec(said) ?? [];
  if (!max) return said.replace(/^one of | or /g, one => one === " or " ? ", " : "");
  return unit.startsWith("char") ? t.text("file.length_of", { min, max }) : t.text("form.range", { min, max, unit }).trim();
}

function sections(fields, groups) {
  const left = new Set(fields);
  const found = [];
  for (const [title, keys] of groups) {
    const mine = keys.map(key => fields.find(one => one.name === key)).filter(one => one && left.delete(one));
    if (mine.length) found.push(card(title, mine));
  }
  if (left.size) found.push(card(groups.length && found.length ? t.text("form.more") : null, [...left]));
  return found;
}

const card = (title, fields) => make("section", { class: "card" }, title && make("h2", { text: title }), fields.map(one => one.element));
