// One field of a form: its label, its input, what it takes, and what is wrong with it.

import { make } from "../dom.js";
import * as t from "../texts.js";

let count = 0;

// Units that the firmware counts in and people do not: [divisor, unit shown].
const SCALES = { mA: [1000, "A"], "0.01 ct/kWh": [100, "ct/kWh"] };

// spec: name, label, type (text, password, number, switch, choice, area, file), value, help, unit, min, max, min_length, max_length,
// choices [[value, words]], suggestions [[value, words]], readonly, required, autocomplete, accept, inputmode, rows (of an area; 2: its text is
// one line).
// Gives {element, name, spec, input, get(), set(value), check() → true when what is entered may be sent, error(words)}.
export function field(spec) {
  const id = `field_${++count}`;
  const [divisor, unit] = SCALES[spec.unit] ?? [1, spec.unit];
  const input = makeInput({ ...spec, id, divisor });
  const help = make("p", { class: "soft", id: `${id}_help`, text: helpWords(spec, divisor, unit) });
  const error = make("p", { class: "error", id: `${id}_error`, hidden: true });
  const described = [help.textContent && help.id, error.id].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", described);
  const label = make("label", { for: id, text: spec.label });
  const box = unit ? make("span", { class: "with_unit" }, input, make("span", { class: "unit", text: unit })) : input;
  const element = make("div", { class: `field ${spec.type}`, "data-field": spec.name }, label, box, help.textContent ? help : null, error);
  if (spec.suggestions) {
    const list = make("datalist", { id: `${id}_list` }, spec.suggestions.map(([value, words]) => make("option", { value, text: words ?? value })));
    input.setAttribute("list", list.id);
    element.append(list);
  }
  const one = {
    element, input, spec, name: spec.name,
    get: () => read(input, spec, divisor),
    set: value => write(input, spec, value, divisor),
    error: words => {
      error.textContent = words ?? "";
      error.hidden = !words;
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
    check: () => {
      const wrong = problem(one.get(), input, spec, divisor, unit);
      one.error(wrong);
      return !wrong;
    },
  };
  if (spec.value !== undefined && spec.type !== "file") one.set(spec.value);
  return one;
}

function makeInput(spec) {
  const { id, name, type, readonly, divisor } = spec;
  const common = { id, name, "aria-required": spec.required && "true" };
  if (type === "choice") {
    const input = make("select", { ...common, disabled: readonly });
    for (const [value, words] of spec.choices) input.append(make("option", { value: JSON.stringify(value), text: words }));
    return input;
  }
  if (type === "area") return make("textarea", { ...common, readonly, rows: spec.rows ?? 4, maxlength: spec.max_length, spellcheck: "false" });
  if (type === "switch") return make("input", { ...common, type: "checkbox", role: "switch", disabled: readonly });
  if (type === "file") return make("input", { ...common, type, accept: spec.accept });
  if (type === "number") {
    return make("input", { ...common, type, readonly, inputmode: divisor > 1 ? "decimal" : "numeric", step: 1 / divisor,
      min: spec.min / divisor, max: spec.max / divisor, autocomplete: "off" });
  }
  return make("input", { ...common, type, readonly, maxlength: spec.max_length, autocomplete: spec.autocomplete ?? "off",
    inputmode: spec.inputmode, autocapitalize: "off", spellcheck: "false" });
}

function helpWords(spec, divisor, unit) {
  const words = spec.help ? [spec.help] : [];
  if (spec.type === "number" && !spec.readonly) words.push(range(spec, divisor, unit));
  return words.join(" ");
}

function range(spec, divisor, unit) {
  const digits = divisor > 1 ? String(divisor).length - 1 : 0;
  const [min, max] = [spec.min, spec.max].map(value => t.number(value / divisor, value % divisor ? digits : 0, ""));
  return t.text("form.range", { min, max, unit: unit ?? "" }).trim();
}

function read(input, spec, divisor) {
  if (spec.type === "switch") return input.checked;
  if (spec.type === "choice") return input.value === "" ? null : JSON.parse(input.value);
  if (spec.type === "file") return input.files[0] ?? null;
  if (spec.type === "number") return input.value === "" ? null : Math.round(Number(input.value) * divisor * 1000) / 1000;
  return spec.rows === 2 ? input.value.replace(/\s*\n\s*/g, " ").trim() : input.value;
}

function write(input, spec, value, divisor) {
  if (spec.type === "switch") input.checked = value;
  else if (spec.type === "choice") input.value = JSON.stringify(value);
  else if (spec.type === "number") input.value = value === null ? "" : String(value / divisor);
  else input.value = value ?? "";
}

// What is wrong with a value, in words; null when nothing is.
function problem(value, input, spec, divisor, unit) {
  if (spec.type === "number") {
    if (value === null && !input.validity?.badInput && !spec.required) return null;
    if (value === null || !Number.isInteger(value) || value < spec.min || value > spec.max) return range(spec, divisor, unit);
  }
  if (spec.required && (value === null || value === "")) return t.text("form.required");
  if (typeof value === "string" && value !== "" && value.length < spec.min_length) return t.text("form.too_short", { n: spec.min_length });
  return spec.wrong?.(value) ?? null;
}

// Shows what went wrong at the field it is about. Returns whether there was one.
export function showError(fields, error, words) {
  const one = fields.find(field => field.name === error.field);
  if (!one) return false;
  one.error(words);
  one.input.focus();
  return true;
}

// Checks all fields; the first that is wrong gets the keyboard.
export function checkAll(fields) {
  const wrong = fields.filter(one => !one.check());
  wrong[0]?.input.focus();
  return wrong.length === 0;
}
