// What the views of records share: lists that come page by page, inputs above them, links to files.

import { button, make } from "../dom.js";
import * as t from "../texts.js";

const MONTHS = 24;

// get(from) → {rows, next}, from null for the first page; draw(row) → an li. Gives {element, load()}.
export function pagedList(page, get, draw, none) {
  const list = make("ul", { class: "rows" });
  const words = make("p", { class: "soft", role: "status" });
  const more = button(t.text("more_rows"), () => load(next), { hidden: true });
  let next = null, turn = 0;
  async function load(from = null) {
    const mine = ++turn;
    list.setAttribute("aria-busy", "true");
    try {
      const found = await get(from);
      if (mine !== turn) return;
      const rows = found.rows.map(draw);
      if (from === null) list.replaceChildren();
      list.append(...rows);
      next = found.next;
      more.hidden = next === null;
      words.textContent = list.children.length ? "" : none();
      words.hidden = list.children.length > 0;
      if (from !== null) rows[0]?.querySelector("summary, button, a")?.focus();
    } catch (error) {
      if (mine === turn) page.failed(error);
    } finally {
      if (mine === turn) list.removeAttribute("aria-busy");
    }
  }
  return { element: make("div", { class: "stack wide" }, list, words, more), list, load: () => load(null) };
}

// A small input with its name above it. choices: [[value, words]].
export function pick(words, attributes, choices = null) {
  const input = choices ? make("select", attributes, choices.map(([value, said]) => make("option", { value, text: said })))
    : make("input", attributes);
  return { input, element: make("label", { class: "pick" }, make("span", { text: words }), input) };
}

// The separator and the decimal sign of a CSV file, as this language's spreadsheets expect them.
export function csvPicks(decimals) {
  const separator = pick(t.text("separator"), { name: "separator" }, [["semicolon", t.text("separator.semicolon")],
    ["comma", t.text("separator.comma")], ["tab", t.text("separator.tab")]]);
  const decimal = pick(t.text("decimal"), { name: "decimal" }, [["comma", t.text("decimal.comma")], ["point", t.text("decimal.point")]]);
  if (document.documentElement.lang === "en") {
    separator.input.value = "comma";
    decimal.input.value = "point";
  }
  return decimals ? [separator, decimal] : [separator];
}

// A link that is a button; href() is asked when it is followed.
export function link(words, href, attributes = {}) {
  const element = make("a", { class: "button", href: "#", text: words, ...attributes });
  element.addEventListener("click", event => {
    const wanted = href();
    if (wanted) element.href = wanted;
    else event.preventDefault();
  });
  return element;
}

// A table of names and values.
export const pairs = rows => make("table", {}, make("tbody", {}, rows.map(([name, words]) => make("tr", {},
  make("th", { scope: "row", text: name }), make("td", { text: words })))));

// A day and a time of it, without seconds.
export const shortMoment = iso => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

// The newest months for a choice: [["2026-11", "November 2026"], …].
export function months() {
  const now = new Date();
  const words = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", year: "numeric" });
  return Array.from({ length: MONTHS }, (_, n) => new Date(now.getFullYear(), now.getMonth() - n, 1)).map(one => [
    `${one.getFullYear()}-${String(one.getMonth() + 1).padStart(2, "0")}`, words.format(one)]);
}
