// Logging in and out, the first password, and the key on the label for those who have forgotten theirs.

import { api, session, setSession } from "../api.js";
import { button, make } from "../dom.js";
import { notice, styles } from "../shell.js";
import * as t from "../texts.js";
import { ask } from "./dialog.js";

const NO_LOGIN = { login: false };
const FEWEST = 10;          // characters of a password

let pending = null;         // one window, however many ask

// → true when somebody has logged in, "done" when a PIN has given the command (start or stop).
export function login(command = "start") {
  pending ??= run(command).finally(() => { pending = null; });
  return pending;
}

const users = () => ["user", "admin"].map(name => [name, t.text(`login.${name}`)]);

async function run(command) {
  styles();
  await t.load(["login", "form"]);
  const pin = await api("GET", "pin", undefined, NO_LOGIN).catch(() => null);
  let wanted = null;
  const way = (what, key) => button(t.text(key), event => {
    wanted = what;
    event.target.closest("dialog").close();
  }, { class: "link" });
  const values = await ask({
    title: t.text("login.title"), text: t.text("login.text"), yes: t.text("login"),
    extra: make("div", { class: "stack" }, way("recover", "login.forgotten"), pin?.asked && way("pin", `pin.${command}`)),
    fields: [{ name: "user", type: "choice", label: t.text("login.who"), choices: users(), value: "user" },
      { name: "password", type: "password", label: t.text("login.password"), autocomplete: "current-password", required: true }],
    submit: async entered => setFrom(await api("POST", "login", entered, NO_LOGIN), entered),
  });
  if (wanted === "recover") return recover();
  if (wanted === "pin") return usePin(command);
  if (!values) return false;
  return session.must_change_password ? first(values) : true;
}

function setFrom(answer, { user, password }) {
  const { role, csrf, must_change_password } = answer;
  setSession({ role, csrf, must_change_password: Boolean(must_change_password), user });
  return { user, password };
}

// Three of the four kinds of characters, and no character three times in a row.
export function weakness(password) {
  if (password.length < FEWEST) return t.text("login.too_short", { n: FEWEST });
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter(kind => kind.test(password)).length;
  if (kinds < 3) return t.text("login.too_simple");
  return /(.)\1\1/u.test(password) ? t.text("login.thrice") : null;
}

const oldField = key => ({ name: "old", type: "password", label: t.text(key), autocomplete: "current-password", required: true });

function newFields() {
  return [
    { name: "new", type: "password", label: t.text("login.new"), help: t.text("login.rules", { n: FEWEST }), autocomplete: "new-password",
      required: true, wrong: weakness },
    { name: "again", type: "password", label: t.text("login.repeat"), autocomplete: "new-password", required: true,
      wrong: value => value === document.querySelector("dialog[open] [name=new]").value ? null : t.text("login.differ") },
  ];
}

// The label's password opens the door once: then it is changed. Without it (the page was loaded anew meanwhile) it is asked for.
export async function first({ user, password }) {
  styles();
  await t.load(["login", "form"]);
  const done = await ask({
    title: t.text("login.first"), text: t.text("login.first_text"), yes: t.text("login.change"), no: t.text("logout"),
    fields: [...password === undefined ? [oldField("login.label")] : [], ...newFields()],
    submit: async entered => {
      setSession({ ...session, ...await api("PUT", "password", { user, old: password ?? entered.old, new: entered.new }, NO_LOGIN) });
    },
  });
  if (!done) await logout();
  else notice(t.text("login.changed"));
  return Boolean(done);
}

async function recover() {
  const done = await ask({
    title: t.text("login.forgotten"), text: t.text("login.recover_text"), yes: t.text("login.change"),
    fields: [{ name: "user", type: "choice", label: t.text("login.who"), choices: users(), value: "user" },
      { name: "recovery_key", type: "text", label: t.text("login.recovery_key"), required: true }, ...newFields()],
    submit: entered => api("POST", "recover", { recovery_key: entered.recovery_key, user: entered.user, new: entered.new }, NO_LOGIN),
  });
  if (!done) return false;
  notice(t.text("login.changed"));
  return run("start");
}

// Start or stop without a log-in.
async function usePin(command) {
  const done = await ask({
    title: t.text(`pin.${command}`), yes: t.text(`pin.${command}`),
    fields: [{ name: "pin", type: "password", label: t.text("pin.label"), required: true, max_length: 8, inputmode: "numeric" }],
    submit: ({ pin }) => api("POST", "pin", { pin, command }, NO_LOGIN),
  });
  return done ? "done" : false;
}

export async function logout() {
  try {
    await api("POST", "logout", {}, NO_LOGIN);
  } finally {
    setSession({});
  }
  notice(t.text("login.bye"));
}

// A user's own password; an administrator may also change the user's without the old one.
export async function changePassword(user) {
  await t.load(["login", "form"]);
  const done = await ask({
    title: t.text("login.change_of", { user: t.text(`login.${user}`) }), yes: t.text("login.change"),
    fields: [...user === session.user ? [oldField("login.old")] : [], ...newFields()],
    submit: ({ old, new: wanted }) => api("PUT", "password", { user, ...old !== undefined && { old }, new: wanted }),
  });
  if (done) notice(t.text("login.changed"));
}

// Who is logged in, and what may be done about it.
export async function account() {
  styles();
  await t.load(["login", "form"]);
  let wanted = null;
  const choose = what => event => {
    wanted = what;
    event.target.closest("dialog").close();
  };
  const extra = session.user && make("div", { class: "stack" }, button(t.text("login.change_own"), choose("password")));
  const out = await ask({
    title: t.text("login.as", { user: t.has(`login.${session.user}`) ? t.text(`login.${session.user}`) : session.user ?? t.text("login.nobody") }),
    text: session.user ? "" : t.text("login.nobody_text"), extra, yes: session.user ? t.text("logout") : t.text("login"), no: t.text("close"),
  });
  if (wanted === "password") await changePassword(session.user);
  else if (out && session.user) await logout();
  else if (out) await login();
}
