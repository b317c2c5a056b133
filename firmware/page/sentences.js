// Sentences made of the codes and parameters that the firmware sends; their words stand in the translations.

import * as t from "./texts.js";

const UNITS = { ma: t.ampere, w: t.watt, s: t.duration, c: t.celsius };

const word = (key, otherwise) => t.has(key) ? t.text(key) : otherwise;

// A parameter's name ends with its unit: used_ma fills {used}.
function filled(reason) {
  const values = {};
  for (const [name, value] of Object.entries(reason)) {
    const cut = name.lastIndexOf("_");
    const unit = cut > 0 && UNITS[name.slice(cut + 1)];
    if (unit) values[name.slice(0, cut)] = unit(value);
    else values[name] = value;
  }
  if (reason.phase) values.phase = `L${reason.phase}`;
  if (reason.sensor) values.sensor = word(`sensor.${reason.sensor}`, reason.sensor);
  if (reason.by) values.by = word(`by.${reason.by}`, reason.by);
  if (reason.fault) values.fault = word(`fault.${reason.fault}`, reason.fault);
  if (reason.because) values.because = because(reason.because);
  return values;
}

// "because the house uses 10 A of 16 A on L2"
export function because(reason) {
  const key = `because.${reason.code}`;
  return t.has(key) ? t.text(key, filled(reason)) : t.text("because.other", { name: reason.code });
}

// What may be offered, and who says so.
export function limitSentence(facts) {
  const a = t.ampere(facts.limit_ma);
  const reason = facts.limit_reason ?? { code: facts.limited_by };
  if (reason.code === "none") return t.text("limit.none", { a });
  return t.text(facts.limit_ma === 0 ? "limit.zero" : "limit.some", { a, because: because(reason) });
}

// Why no power flows; "" while it does.
export function whySentence(facts) {
  const why = facts.why_not_charging;
  if (!why) return "";
  return word(`why.${why.code}`, "") && t.text(`why.${why.code}`, filled(why));
}
