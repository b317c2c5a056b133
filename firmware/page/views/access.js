// Who may charge and who may rule: the mode, PINs, passwords, tokens for programs.

import { button, make } from "../dom.js";
import { FORM_TEXTS, settingsForm, settingsTable } from "../parts/form.js";
import { changePassword } from "../parts/login.js";
import { actions, badge, card, rowsOf, soft, trying } from "../parts/pieces.js";
import * as t from "../texts.js";

export const texts = [...FORM_TEXTS, "login"];

const GROUPS = [
  ["access.group.mode", ["access.mode", "access.pin", "access.timeout_s", "access.default_id", "status.public"]],
  ["access.group.accounts", ["access.account", "access.account_1", "access.account_2"]],
  ["access.group.csms", ["access.csms_order", "access.csms_offline"]],
];
const MINE = /^(access\.|status\.public)/;

export async function show(root, page) {
  const rows = (await settingsTable(page)).filter(row => MINE.test(row.key));
  if (rows.length) root.append(settingsForm(page, rows, { groups: GROUPS.map(([key, keys]) => [t.text(key), keys]) }));
  if (page.allows("control")) {
    const [set, tokens] = await Promise.all([pins(page), page.allows("admin") ? tokenCard(page) : null]);
    root.append(...[set, passwords(page), tokens].filter(Boolean));
  }
}

const pinField = name => ({ name, type: "text", label: t.text("pins.new"), help: t.text("pins.rule"), required: true, max_length: 8, inputmode: "numeric",
  wrong: value => /^\d{4,8}$/.test(value) ? null : t.text("pins.rule") });

async function pins(page) {
  const state = await page.api("GET", "pins").catch(() => null);
  if (!state) return null;
  const place = make("div");
  const draw = now => place.replaceChildren(rowsOf([["pin", now.pin], ["guest_pin", now.guest_pin]].map(([name, is]) => [
    make("span", {}, t.text(`pins.${name}`), " ", badge(t.text(is ? "pins.set" : "pins.none"), is ? "good" : "")),
    button(t.text("pins.change"), trying(page, () => change(name)), { "aria-label": `${t.text("pins.change")}: ${t.text(`pins.${name}`)}` }),
    is && button(t.text("pins.remove"), trying(page, async () => draw(await page.api("PUT", "pins", { [name]: null }))),
      { "aria-label": `${t.text("pins.remove")}: ${t.text(`pins.${name}`)}` })])));
  const change = name => page.ask({
    title: t.text(`pins.${name}`), yes: t.text("pins.change"),
    fields: [pinField(name)],
    submit: async values => draw(await page.api("PUT", "pins", values)),
  });
  draw(state);
  return card(t.text("pins.title"), soft(t.text("pins.text")), place, actions(button(t.text("pins.puk"), trying(page, () => usePuk(page)))));
}

async function usePuk(page) {
  const done = await page.ask({
    title: t.text("pins.puk"), text: t.text("pins.puk_text"), yes: t.text("pins.change"),
    fields: [{ name: "puk", type: "text", label: t.text("pins.puk_label"), required: true, max_length: 64 }, pinField("new_pin")],
    submit: values => page.api("POST", "puk", values, { login: false }),
  });
  if (done) page.notice(t.text("form.saved"));
}

function passwords(page) {
  const rows = [];
  const row = user => [t.text("access.password_of", { user: t.text(`login.${user}`) }), button(t.text("login.change"),
    trying(page, () => changePassword(user)), { "aria-label": `${t.text("login.change")}: ${t.text(`login.${user}`)}` })];
  if (page.user === "user" || page.allows("admin")) rows.push(row("user"));
  if (page.user === "admin") rows.push(row("admin"));
  return rows.length ? card(t.text("access.passwords"), rowsOf(rows)) : null;
}

async function tokenCard(page) {
  const answer = await page.api("GET", "tokens").catch(() => null);
  if (!answer) return null;
  const place = make("div");
  const draw = list => place.replaceChildren(list.length ? rowsOf(list.map(({ name, scope }) => [
    make("span", {}, name, " ", badge(t.text(`tokens.scope.${scope}`))),
    button(t.text("tokens.delete"), trying(page, async () => {
      if (!await page.confirm({ title: t.text("tokens.delete_sure", { name }), text: t.text("tokens.delete_text"), yes: t.text("tokens.delete"), danger: true })) return;
      await page.api("DELETE", `tokens/${encodeURIComponent(name)}`);
      draw((await page.api("GET", "tokens")).tokens);
    }), { "aria-label": `${t.text("tokens.delete")}: ${name}` })])) : soft(t.text("tokens.none")));
  const add = trying(page, async () => {
    let made = null;
    await page.ask({
      title: t.text("tokens.add"), yes: t.text("tokens.add"),
      fields: [{ name: "name", type: "text", label: t.text("tokens.name"), help: t.text("tokens.name_help"), required: true, max_length: 20,
        wrong: value => /^[\w-]+$/.test(value) ? null : t.text("tokens.name_help") },
        { name: "scope", type: "choice", label: t.text("tokens.scope"), value: "read",
          choices: ["read", "control", "admin"].map(scope => [scope, t.text(`tokens.scope.${scope}`)]) }],
      submit: async values => { made = await page.api("POST", "tokens", values); },
    });
    if (!made) return;
    draw((await page.api("GET", "tokens")).tokens);
    await page.confirm({ title: t.text("tokens.made"), text: t.text("tokens.once"), list: [made.token], yes: t.text("close"), no: false });
  });
  draw(answer.tokens);
  return card(t.text("tokens.title"), soft(t.text("tokens.text")), place, actions(button(t.text("tokens.add"), add)));
}
