// What views are made of: cards, tables of name and value, lists with buttons.

import { make } from "../dom.js";
import * as t from "../texts.js";

let count = 0;

// A card with a heading of its own.
export function card(title, ...children) {
  const id = `card_${++count}`;
  return make("section", { class: "card", "aria-labelledby": id }, make("h2", { id, text: title }), ...children);
}

// rows: [name, value (text or element)], or null.
export const pairs = rows => make("table", { class: "pairs" }, make("tbody", {}, rows.filter(Boolean).map(([name, value]) =>
  make("tr", {}, make("th", { scope: "row", text: name }), value instanceof Node ? make("td", {}, value) : make("td", { text: value ?? "–" })))));

// rows: [texts or elements to the left, buttons to the right].
export const rowsOf = rows => make("ul", { class: "rows" }, rows.map(([words, ...buttons]) =>
  make("li", {}, words instanceof Node ? words : make("span", { text: words }), ...buttons)));

export const soft = words => make("p", { class: "soft", text: words });

export const actions = (...buttons) => make("div", { class: "actions" }, ...buttons);

export const badge = (words, kind = "") => make("span", { class: `badge ${kind}`, text: words });

// The words of a key, or what is said where there are none.
export const word = (key, otherwise) => t.has(key) ? t.text(key) : otherwise;

// A place whose content is made anew by draw() whenever facts change what draw() looks at: look(facts) → anything.
export function alive(page, look, draw) {
  const place = make("div", { class: "stack wide" });
  let before = null;
  page.onFacts(facts => {
    const now = JSON.stringify(look(facts) ?? null);
    if (now === before) return;
    before = now;
    place.replaceChildren(...[draw(facts)].flat().filter(Boolean));
  });
  return place;
}

// Does something and tells when it went wrong.
export const trying = (page, work) => async event => {
  try {
    await work(event);
  } catch (error) {
    page.failed(error);
  }
};
