// The card list: look, add, change, teach at the reader, and as a file both ways.

import { button, make } from "../dom.js";
import { fileWords, upload } from "../parts/files.js";
import { csvPicks, link, pagedList, pick } from "../parts/lists.js";
import * as t from "../texts.js";

export const texts = ["files", "form", "records"];

const KINDS = ["user", "vip", "admin"];
const LOOK_MS = 1000;
const kinds = () => KINDS.map(kind => [kind, t.text(`kind.${kind}`)]);
const shownUid = uid => uid.match(/../g).join(" ");

function fields(card) {
  return [
    ...card ? [] : [{ name: "uid", type: "text", label: t.text("cards.uid"), help: t.text("cards.uid_help"), required: true, max_length: 40 }],
    { name: "name", type: "text", label: t.text("cards.name"), max_length: 50, value: card?.name ?? "" },
    { name: "type", type: "choice", label: t.text("cards.kind"), help: t.text("cards.kind_help"), choices: kinds(), value: card?.type ?? "user" },
    { name: "blocked", type: "switch", label: t.text("cards.blocked"), value: card?.state === "blocked" },
    { name: "master", type: "switch", label: t.text("cards.master"), help: t.text("cards.master_help"), value: card?.master ?? false },
    { name: "expires", type: "text", label: t.text("cards.expires"), help: t.text("cards.expires_help"), max_length: 20, value: card?.expires ?? "" },
    { name: "stations", type: "text", label: t.text("cards.stations"), help: t.text("cards.stations_help"), max_length: 100,
      value: card?.stations.join(" ") ?? "" },
  ];
}

const body = ({ blocked, stations, ...values }) => ({ ...values, state: blocked ? "blocked" : "accepted",
  stations: stations.split(/[\s,;]+/).filter(Boolean) });

// What a row shows of a card beside its name.
function badges(card) {
  const late = card.expires && Date.parse(card.expires.length === 10 ? `${card.expires}T23:59:59` : card.expires) < Date.now();
  return [
    card.type !== "user" && ["", t.text(`kind.${card.type}`)], card.master && ["", t.text("cards.master")],
    card.state === "blocked" && ["bad", t.text("cards.blocked")],
    card.expires && [late ? "bad" : "", t.text(late ? "cards.expired" : "cards.until", { day: card.expires.slice(0, 10) })],
    card.stations.length > 0 && ["", card.stations.join(" ")],
  ].filter(Boolean).map(([kind, words]) => make("span", { class: `badge ${kind}`, text: words }));
}

class View {
  constructor(page) {
    this.page = page;
    this.chosen = new Set();
    this.text = pick(t.text("cards.find"), { type: "search", autocomplete: "off", name: "find" });
    this.kind = pick(t.text("cards.kind"), { name: "kind" }, [["", t.text("cards.all_kinds")], ...kinds()]);
    for (const one of [this.text, this.kind]) one.input.addEventListener("input", () => this.list.load());
    this.list = pagedList(page, from => this.get(from), card => this.row(card), () => t.text("cards.none"));
    this.count = make("p", { class: "soft", role: "status" });
    this.many = make("div", { class: "actions", hidden: true });
    this.teach = make("div", { class: "teach" });
    this.file = csvPicks(false)[0];
  }

  async get(from) {
    const wanted = new URLSearchParams({ limit: "50", text: this.text.input.value, type: this.kind.input.value });
    if (from) wanted.set("after", from);
    const found = await this.page.api("GET", `cards?${wanted}`);
    if (from === null) this.chosen.clear();
    this.count.textContent = t.text("cards.count", { n: found.count });
    this.said = found.count;
    this.drawMany();
    this.drawTeach(found.teaching);
    return { rows: found.cards, next: found.next };
  }

  row(card) {
    const box = make("input", { type: "checkbox", "aria-label": t.text("cards.choose", { card: card.name || card.uid }) });
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(card.uid);
      else this.chosen.delete(card.uid);
      this.drawMany();
    });
    return make("li", { "data-uid": card.uid },
      make("label", { class: "choose" }, box, make("span", {}, make("strong", { text: card.name || "–" }), make("span", { class: "soft uid", text: shownUid(card.uid) }),
        badges(card))),
      make("span", { class: "actions" }, button(t.text("cards.edit"), () => this.edit(card), { class: "edit" }),
        button(t.text("cards.delete"), () => this.remove(card), { class: "delete" })));
  }

  async done(key, values) {
    this.page.notice(t.text(key, values));
    await this.list.load();
  }

  async add() {
    const given = await this.page.ask({ title: t.text("cards.add"), fields: fields(null), yes: t.text("cards.save"),
      submit: values => this.page.api("POST", "cards", body(values)) });
    if (given) await this.done("cards.saved");
  }

  async edit(card) {
    const given = await this.page.ask({ title: card.name || shownUid(card.uid), fields: fields(card), yes: t.text("cards.save"),
      submit: values => this.page.api("PUT", `cards/${card.uid}`, body(values)) });
    if (given) await this.done("cards.saved");
  }

  async remove(card) {
    const sure = { title: t.text("cards.delete_one", { card: card.name || shownUid(card.uid) }), yes: t.text("cards.delete"), danger: true };
    if (await this.page.confirm(sure)) await this.try(() => this.page.api("DELETE", `cards/${card.uid}`), "cards.deleted");
  }

  async clear() {
    const sure = { title: t.text("cards.delete_all", { n: this.said }), text: t.text("cards.delete_all_text"), yes: t.text("cards.delete"), danger: true };
    if (await this.page.confirm(sure)) await this.try(() => this.page.api("DELETE", "cards"), "cards.deleted");
  }

  async try(work, key, values) {
    try {
      await work();
      await this.done(key, values);
    } catch (error) {
      this.page.failed(error);
    }
  }

  drawMany() {
    const n = this.chosen.size;
    this.many.hidden = n === 0;
    if (!n) return;
    const kind = pick(t.text("cards.chosen", { n }), { name: "many_kind" }, kinds());
    this.many.replaceChildren(kind.element, button(t.text("cards.set_kind"), () => this.try(
      () => this.page.api("POST", "cards/type", { uids: [...this.chosen], type: kind.input.value }, { timeout_ms: 60000 }), "cards.saved")));
  }

  async load() {
    const given = await this.page.ask({ title: t.text("cards.import"), text: t.text("cards.import_text"), yes: t.text("cards.import"), danger: this.said > 0,
      fields: [{ name: "file", type: "file", label: t.text("cards.import_file"), accept: ".csv,text/csv", required: true }] });
    if (!given) return;
    const bar = await this.page.progress(t.text("cards.import"));
    try {
      const found = await upload("PUT", "cards.csv", given.file, { step: share => bar.step(share < 1 ? share : null) });
      bar.close();
      await this.done("cards.imported", { n: found.cards });
    } catch (error) {
      bar.close();
      if (error.code === "bad_csv") this.page.notice(t.text("cards.bad_csv", { why: fileWords(error, error.field, t.text(`wrong.cards.${error.field}`)) }), "bad");
      else this.page.failed(error);
    }
  }

  // The reader's mode, with what is left of it; asked again each second while it lasts, as cards come in meanwhile.
  drawTeach({ mode, left_s }) {
    const on = mode !== "off";
    clearTimeout(this.timer);
    if (on) {
      this.timer = setTimeout(() => this.list.load(), LOOK_MS);
      this.teach.replaceChildren(make("p", { class: "countdown", role: "timer", text: t.text(`teach.${mode}`, { n: left_s }) }),
        button(t.text("teach.end"), () => this.order("off")));
    } else {
      this.teach.replaceChildren(...["add", "remove", "master"].map(one => button(t.text(`teach.do_${one}`), () => this.order(one),
        { "data-mode": one })));
    }
  }

  async order(mode) {
    try {
      await this.page.command("teach_cards", { mode });
      await this.list.load();
    } catch (error) {
      this.page.failed(error);
    }
  }
}

export async function show(root, page) {
  const view = new View(page);
  root.append(
    make("section", { class: "card", "aria-labelledby": "teach_title" }, make("h2", { id: "teach_title", text: t.text("teach.title") }),
      make("p", { class: "soft", text: t.text("teach.text") }), view.teach),
    make("section", { class: "card", "aria-labelledby": "list_title" }, make("h2", { id: "list_title", text: t.text("cards.title") }), view.count,
      make("div", { class: "picks" }, view.text.element, view.kind.element,
        button(t.text("cards.add"), () => view.add(), { class: "main", id: "add_card" })), view.many, view.list.element),
    make("section", { class: "card", "aria-labelledby": "cards_file" }, make("h2", { id: "cards_file", text: t.text("cards.file") }),
      make("p", { class: "soft", text: t.text("cards.file_text") }),
      make("div", { class: "picks" }, view.file.element),
      make("div", { class: "actions" },
        link(t.text("cards.export"), () => `api/v1/cards.csv?separator=${view.file.input.value}`, { download: true, id: "cards_csv" }),
        button(t.text("cards.import"), () => view.load(), { id: "import_cards" }),
        button(t.text("cards.clear"), () => view.clear(), { class: "danger", id: "clear_cards" }))));
  await view.list.load();
  return () => clearTimeout(view.timer);
}
