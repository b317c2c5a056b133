// Buttons: which make sense now, and what the charger answers.

import { allows, api, onSession } from "./api.js";
import { command } from "./live.js";
import { restart } from "./shell.js";
import * as t from "./texts.js";

const ANSWER_MS = 15000;
const find = id => document.getElementById(id);

let forget = null;
let accounts = null;        // names that a session may be booked to; null: not asked yet
let done = () => {};

// done(): called when a command was accepted.
export function startActions(whenDone) {
  done = whenDone;
  onSession(() => { accounts = null; });
  for (const button of find("mode").children) {
    button.addEventListener("click", () => give(button, "mode", { mode: button.dataset.mode }));
  }
}

async function loadAccounts() {
  accounts = [];
  try {
    const found = await api("GET", "settings", undefined, { login: false });
    accounts = [found["access.account_1"], found["access.account_2"]].filter(Boolean);
  } catch { /* asked again when somebody else logs in */ }
}

// Whoever may command says where the session under way is booked.
function showAccounts(facts) {
  const place = find("accounts");
  place.hidden = !facts.session || !allows("control") || !accounts?.length;
  if (facts.session && allows("control") && accounts === null) loadAccounts();
  if (place.hidden) return;
  showButtons(place, accounts.map(name => ["account", { account: name }, null, name]));
  for (const button of place.children) button.setAttribute("aria-pressed", String(button.textContent === facts.account));
}

// [command, arguments, text] of what makes sense now; the first is the one most likely wanted.
function actions(facts) {
  const going = ["starting", "charging", "waiting_ev", "waiting_current"].includes(facts.session_state);
  const list = [];
  if (facts.session && facts.session_state === "waiting_authorization") list.push(["authorize", {}, "do.authorize"]);
  if (facts.session && facts.session_state === "stopped") list.push(["start", {}, "do.start"]);
  if (facts.session && going) list.push(["stop", {}, "do.stop"]);
  if (facts.faults.some(fault => fault.severity === "error")) list.push(["clear", {}, "do.clear"]);
  if (facts.session && facts.board?.socket && !facts.board.lacks?.includes("lock")) list.push(["unlock", {}, "do.unlock"]);
  return list;
}

function service(facts) {
  const operative = facts.availability === "operative";
  return [["availability", { operative: !operative }, operative ? "do.inoperative" : "do.operative"], ["restart", {}, "do.restart"]];
}

export function showActions(facts) {
  showButtons(find("buttons"), actions(facts));
  showButtons(find("service"), allows("control") ? service(facts) : []);
  showAccounts(facts);
  for (const button of find("mode").children) button.setAttribute("aria-pressed", String(button.dataset.mode === facts.mode));
}

function showButtons(place, list) {
  const signature = JSON.stringify([list, document.documentElement.lang]);
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...list.map(([name, args, key, words]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.command = name;
    button.textContent = words ?? t.text(key);
    button.addEventListener("click", () => give(button, name, args));
    return button;
  }));
  if (focused) place.querySelector("button")?.focus();     // the keyboard's place is not lost when Stop becomes Start
}

async function give(button, name, args) {
  if (button.ariaDisabled === "true") return;
  if (name === "restart") {
    restart();
    return;
  }
  button.ariaDisabled = "true";      // not disabled: that would take the keyboard's place away
  const refusal = await command(name, args);
  button.ariaDisabled = "false";
  find("answer").textContent = refusal === null ? "" : refusalWords(refusal);
  clearTimeout(forget);
  forget = setTimeout(() => { find("answer").textContent = ""; }, ANSWER_MS);
  if (refusal === null) done();
}

export function refusalWords(code) {
  const key = `refused.${code}`;
  return t.has(key) ? t.text(key) : t.text("refused.other", { code });
}
