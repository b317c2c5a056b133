// One field for each kind of value in the table of verbs. Each is {element, show(value)}.

import {attribute, h, text, words} from "./dom.js";
import {calmly} from "./live.js";
import {HINTS, LABELS, RANGES, SHOWN, STATE_WORDS} from "./words.js";

const ORDERS = ["bcb"];         // numbers that are sent, not set

const numbered = number => Number(number.toFixed(6));

/** A slider or number field for a bounded number. */
function numeric(name, label, kind, act) {
  const [low, high, step] = RANGES[name] ?? [kind.low, kind.high, kind.whole ? 1 : (kind.high - kind.low) / 100];
  const ask = calmly(act);
  let until = 0;
  const output = h("output");
  const input = h("input", {
    type: "range",
    min: Math.max(low, kind.low),
    max: Math.min(high, kind.high),
    step,
    oninput: () => {
      until = performance.now() + 900;
      const value = numbered(Number(input.value));
      text(output, (SHOWN[name] ?? String)(value));
      ask(value);
    },
  });
  return {
    element: h("label", {class: "field"}, label, output, input),
    show(value) {
      if (performance.now() < until) return;
      if (Number(input.value) !== value) input.value = value;
      text(output, (SHOWN[name] ?? String)(value));
    },
  };
}

function flag(label, hint, act) {
  const button = h(
    "button",
    {type: "button", title: hint, onclick: () => act(button.getAttribute("aria-pressed") !== "true")},
    label,
  );
  return {element: button, show: on => attribute(button, "aria-pressed", Boolean(on))};
}

function chosen(name, label, kind, act) {
  const names = name === "state" ? STATE_WORDS : {};
  const select = h(
    "select",
    {onchange: () => act(select.value)},
    kind.words.map(word => h("option", {value: word}, names[word] ?? words(word))),
  );
  return {
    element: h("label", {class: "field"}, label, select),
    show(value) {
      if (document.activeElement !== select && select.value !== String(value)) select.value = value;
    },
  };
}

/** One of some whole numbers. */
function one_of(label, kind, act) {
  const shown = number => (label === LABELS.cable_a ? (number ? number + " A" : "none, fixed") : String(number));
  const select = h(
    "select",
    {onchange: () => act(Number(select.value))},
    kind.numbers.map(number => h("option", {value: number}, shown(number))),
  );
  return {
    element: h("label", {class: "field"}, label, select),
    show(value) {
      if (document.activeElement !== select && Number(select.value) !== value) select.value = value;
    },
  };
}

/** A number that is an order and no state. */
function order(label, hint, kind, act) {
  const input = h("input", {type: "number", min: kind.low, max: kind.high, value: 3, "aria-label": label});
  const element = h(
    "div",
    {class: "row"},
    input,
    h("button", {type: "button", title: hint, onclick: () => act(Number(input.value))}, "Send " + label),
  );
  return {element, show() {}};
}

/** What nobody foresaw: JSON, or a word. */
function free(label, kind, act) {
  const input = h("input", {
    type: "text",
    placeholder: kind.allowed,
    onchange: () => {
      try {
        act(JSON.parse(input.value));
      } catch {
        act(input.value);
      }
    },
  });
  return {
    element: h("label", {class: "field"}, label, input),
    show(value) {
      if (document.activeElement !== input && value !== undefined)
        input.value = typeof value === "string" ? value : JSON.stringify(value);
    },
  };
}

function per_phase(name, label, kind, now, act) {
  const each = [0, 1, 2].map(n =>
    numeric(name, `${label} L${n + 1}`, kind, value => act(now().map((one, phase) => (phase === n ? value : one)))),
  );
  return {element: each.map(one => one.element), show: values => values.forEach((value, n) => each[n].show(value))};
}

function field(name, kind, now, act) {
  const label = LABELS[name] ?? words(name),
    send = value => act({[name]: value});
  if (kind.kind === "flag") return flag(label, HINTS[name], send);
  if (kind.kind === "choice") return chosen(name, label, kind, send);
  if (kind.kind === "one_of") return one_of(label, kind, send);
  if (kind.kind === "number" && ORDERS.includes(name)) return order(label, HINTS[name], kind, send);
  if (kind.kind === "number") return numeric(name, label, kind, send);
  if (kind.kind === "per_phase") return per_phase(name, label, kind, () => now()[name], send);
  return free(label, kind, send);
}

/** Fills host with the fields of a verb. Returns show(values). */
export function form(host, fields, now, act, skip = []) {
  const made = Object.entries(fields)
    .filter(([name]) => !skip.includes(name))
    .map(([name, kind]) => [name, kind, field(name, kind, now, act)]);
  const flags = made.filter(([, kind]) => kind.kind === "flag");
  host.append(
    ...made.filter(([, kind]) => kind.kind !== "flag").flatMap(([, , one]) => one.element),
    h(
      "div",
      {class: "row"},
      flags.map(([, , one]) => one.element),
    ),
  );
  return values =>
    made.forEach(([name, , one]) => {
      const value = values[name === "state" && "asks" in values ? "asks" : name];
      if (value !== undefined && value !== null) one.show(value);
    });
}
