// The frame around all views: menu, addresses, who is logged in, notices. A view is a module of its own, loaded when it is opened.
//
// views/<name>.js: `export async function show(root, page)` fills root and returns what cleans up, or nothing. Its texts are in
// translations/<name>.<language>.json and loaded before; `export const texts = ["form"]` names more of them. The address
// #/<name>/a/b opens it with page.path ["a", "b"].

import { allows, api, loadSession, onSession, session, setLogin, setSession } from "./api.js";
import { button, icon, make } from "./dom.js";
import * as t from "./texts.js";

// name, icon, role that it needs, whether it stands in the menu
const VIEWS = [
  ["overview", "plug", "public", true], ["history", "history", "read", true], ["energy", "energy", "read", true],
  ["cards", "card", "control", true], ["settings", "settings", "read", true], ["network", "network", "read", true],
  ["access", "lock", "read", true], ["system", "system", "read", true], ["diagnostics", "pulse", "read", true],
  ["events", "events", "read", true], ["help", "help", "public", true], ["wizard", "ready", "admin", false],
];
const FIRST = 4;            // so many stand in a phone's bar; the others behind "more"
const NOTICE_MS = 8000;
const IDLE_MS = 25 * 60 * 1000;
const LOOK_MS = 30000;

const find = id => document.getElementById(id);

let facts = null;
let listeners = new Set();  // of the view that is open
let leave = null;           // its cleaning up
let unsaved = [];           // fn() → whether it holds what would be lost
let shown = "";             // the address that is open
let turn = 0;               // a view that comes late is not shown
let used = Date.now();
let refresh = () => {};

const parts = name => import(`./parts/${name}.js`);

// What a view is handed.
class Page {
  constructor(name, path) {
    Object.assign(this, { name, path });
  }

  get role() { return session.role; }
  get user() { return session.user; }
  get facts() { return facts; }

  // Whether who looks may do what needs this role: public, read, control, admin.
  allows(role) { return allows(role); }

  // See api.js. A stranger is asked to log in, then it is asked again.
  api(method, path, body, options) { return api(method, path, body, options); }

  // A command to the charger: resolves when it was accepted, rejects with ApiError.
  command(name, args = {}) { return api("POST", `commands/${name}`, args); }

  text(key, values) { return t.text(key, values); }
  has(key) { return t.has(key); }

  // fn(facts) now, where they are known, and whenever they change, until the view is left.
  onFacts(fn) {
    listeners.add(fn);
    if (facts) fn(facts);
    return () => listeners.delete(fn);
  }

  refresh() { refresh(); }        // asks for fresh facts at once

  go(...path) { location.hash = `#/${path.join("/")}`; }

  again() { return open(true); }        // shows the view as if it had just been opened

  keepUnsaved(fn) { unsaved.push(fn); }     // fn() says whether something here would be lost by leaving

  // Tells something in passing: kind is "good" or "bad". Stays until it is read; spoken by screen readers.
  notice(words, kind = "good") { notice(words, kind); }

  // Tells what went wrong, in the reader's words.
  failed(error) { notice(errorWords(error), "bad"); }
  errorWords(error) { return errorWords(error); }

  // Asks before something is done: {title, text, list, yes, no, danger} → true or false.
  async confirm(question) { return Boolean(await (await parts("dialog")).ask({ ...question, fields: [] })); }

  // Asks for values: {title, text, fields (see parts/field.js), yes, submit} → values, or null. What submit(values) throws is
  // shown at its field, and asked again.
  async ask(question) { return (await parts("dialog")).ask(question); }

  // Something that takes long: resolves to {step(0…1 or null, words), close()}.
  async progress(title) { return (await parts("dialog")).progress(title); }

  login() { return login(); }      // → whether somebody has logged in
}

// What a failure is called. The firmware's own message is for programs and in English; it is shown where it alone knows. What may stand
// in a field is `wrong.<area>.<field>`.
export function errorWords(error) {
  if (!error.code) throw error;
  const keys = [error.code === "bad_value" && `wrong.${error.area}.${error.field}`, `refused.${error.code}`, `update.reason.${error.code}`];
  for (const key of keys) if (t.has(key)) return t.text(key);
  return error.status === 422 || error.status === 409 ? error.message : t.text("refused.other", { code: error.code });
}

export function notice(words, kind = "good") {
  const place = find("notices");
  const one = make("div", { class: `toast ${kind}` }, make("p", { text: words }),
    button("×", () => one.remove(), { class: "plain", "aria-label": t.text("close") }));
  place.append(one);
  while (place.children.length > 3) place.firstElementChild.remove();
  if (kind === "good") setTimeout(() => one.remove(), NOTICE_MS);
}

const GOING = ["starting", "charging", "waiting_ev", "waiting_current"];

// → whether somebody has logged in.
export async function login() {
  return (await parts("login")).login(GOING.includes(facts?.session_state) ? "stop" : "start");
}

const visible = () => VIEWS.filter(([, , role, inMenu]) => inMenu && allows(role));

function drawMenu() {
  const rows = visible();
  const current = shown.split("/")[0] || "overview";
  const items = rows.map(([name, sign], n) => make("li", { class: n < FIRST ? "first" : "" },
    make("a", { href: name === "overview" ? "#/" : `#/${name}`, "aria-current": name === current && "page" },
      icon(sign), make("span", { text: t.text(`nav.${name}`) }))));
  const inMore = rows.findIndex(([name]) => name === current) >= FIRST;
  if (rows.length > FIRST) {
    const more = button(t.text("nav.more"), () => toggleMenu(), { id: "more_views", "aria-expanded": "false", class: inMore ? "here" : "" });
    more.prepend(icon("more"));
    items.push(make("li", { class: "more" }, more));
  }
  find("menu").replaceChildren(...items);
  toggleMenu(false);
}

function toggleMenu(on = !find("nav").classList.contains("open")) {
  find("nav").classList.toggle("open", on);
  find("more_views")?.setAttribute("aria-expanded", String(on));
}

function drawAccount() {
  const words = session.user ?? t.text(session.role === "public" ? "login" : "logged_in");
  find("account_words").textContent = words;
  find("account").title = words;
  document.body.dataset.role = session.role;
}

const address = () => location.hash.startsWith("#/") ? location.hash.slice(2).replace(/\/$/, "") : "";

async function open(anew = false) {
  const wanted = address();
  if (wanted === shown && !anew) return;
  if (wanted !== shown && unsaved.some(fn => fn())) {
    const target = location.hash;
    history.replaceState(null, "", shown ? `#/${shown}` : "#/");
    if (!await Page.prototype.confirm({ title: t.text("unsaved"), text: t.text("unsaved_text"), yes: t.text("discard"), danger: true })) return;
    unsaved = [];
    location.hash = target;
    return;
  }
  const mine = ++turn;
  leave?.();
  leave = null;
  unsaved = [];
  listeners = new Set();
  const moved = wanted !== shown;
  shown = wanted;
  const [name, ...path] = wanted.split("/").map(decodeURIComponent);
  const row = VIEWS.find(([one]) => one === (name || "overview")) ?? VIEWS[0];
  document.body.dataset.view = row[0];
  find("home").hidden = row[0] !== "overview";
  find("view").hidden = row[0] === "overview";
  find("view").replaceChildren();
  if (moved) for (const one of document.querySelectorAll("#notices .bad")) one.remove();     // it belonged to what was left
  drawMenu();
  if (row[0] === "overview") return;
  await openView(row, path, mine, moved);
}

async function openView([name, , role], path, mine, moved) {
  const root = find("view");
  const heading = make("h1", { tabindex: -1, text: t.text(`nav.${name}`) });
  const help = name !== "help" && make("a", { class: "round", href: `#/help/${name}`, title: t.text("help") }, icon("help"),
    make("span", { class: "hidden", text: t.text("help") }));
  root.replaceChildren(make("div", { class: "heading" }, heading, help));
  document.title = `${t.text(`nav.${name}`)} · ${facts?.station_name ?? "Mode3"}`;
  if (moved) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }
  if (!allows(role) && !(session.role === "public" && await login())) {
    if (mine === turn) root.append(make("p", { text: t.text("needs_role") }), button(t.text("login"), () => login()));
    return;
  }
  if (mine !== turn) return;
  root.setAttribute("aria-busy", "true");
  try {
    styles();
    const module = await import(`./views/${name}.js`);
    await t.load([name, ...module.texts ?? []]);
    if (mine !== turn) return;
    const body = make("div", { class: `body ${name}` });
    const clean = await module.show(body, new Page(name, path));
    if (mine !== turn) {
      clean?.();
      return;
    }
    leave = clean ?? null;
    t.fill(body);
    root.append(body);
  } catch (error) {
    if (mine !== turn) return;
    if (!error.code) console.error(error);
    root.append(make("p", { class: "error", text: error.code ? errorWords(error) : t.text("view_failed") }),
      button(t.text("again"), () => open(true)));
  } finally {
    if (mine === turn) root.removeAttribute("aria-busy");
  }
}

// The styles of the views: not the first view's business.
export function styles() {
  if (find("more_styles")) return;
  document.head.append(make("link", { rel: "stylesheet", href: "parts/views.css", id: "more_styles" }));
}

function drawRestart() {
  const keys = facts?.restart_needed ?? [];
  const place = find("restart_needed");
  place.hidden = keys.length === 0 || !allows("control");
}

// The newest facts, for whoever listens.
export function takeFacts(newest) {
  facts = newest;
  for (const fn of listeners) fn(facts);
  drawRestart();
}

// After the language was changed: everything is said anew.
export async function translate() {
  drawAccount();
  drawMenu();
  if (shown) await open(true);
}

// Asked first: it ends a charge.
export async function restart() {
  if (!await Page.prototype.confirm({ title: t.text("do.restart"), text: t.text("restart_sure"), yes: t.text("do.restart") })) return;
  try {
    await api("POST", "commands/restart", {});
    notice(t.text("restarting"));
  } catch (error) {
    notice(errorWords(error), "bad");
  }
}

// Logged out by the charger after a time without use: told, not discovered.
async function lookIdle() {
  if (session.role === "public" || !session.user || Date.now() - used < IDLE_MS) return;
  used = Date.now();
  try {
    await loadSession();
  } catch {
    return;         // the connection's own message says it
  }
  if (session.role === "public") notice(t.text("logged_out_idle"), "bad");
}

// ask(): fetch fresh facts. Call once, when the words are there.
export async function startShell(ask) {
  refresh = ask;
  setLogin(login);
  let role = null;
  onSession(() => {
    drawAccount();
    drawMenu();
    const changed = role !== null && role !== session.role;
    role = session.role;
    if (!changed) return;
    refresh();
    if (shown) open(true);
    else if (allows("admin") && facts?.general?.setup_done === false) location.hash = "#/wizard";
  });
  find("account").addEventListener("click", async () => session.role === "public" ? login() : (await parts("login")).account());
  find("restart_now").addEventListener("click", restart);
  find("menu").addEventListener("click", event => event.target.closest("a") && toggleMenu(false));
  addEventListener("keydown", event => event.key === "Escape" && toggleMenu(false));
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => { used = Date.now(); }, { passive: true });
  setInterval(lookIdle, LOOK_MS);
  document.addEventListener("visibilitychange", lookIdle);
  addEventListener("hashchange", () => open());
  try {
    await loadSession();
  } catch {
    setSession({});     // asked again when something is done
  }
  drawAccount();
  await open(true);
  if (session.must_change_password) await (await parts("login")).first({ user: session.user });
}
