// Wires the page: facts in from live.js, words from texts.js, shown by view.js, commands out.

import { Live, command } from "./live.js";
import * as t from "./texts.js";
import { showAge, showDetails, showFacts } from "./view.js";

const LOST_MS = 8000;      // longer than a poll and its answer may take

let facts = null;
const find = id => document.getElementById(id);

// [command, arguments, text] of what makes sense now; the first is the one most likely wanted.
function actions() {
  const going = ["starting", "charging", "waiting_ev", "waiting_current"].includes(facts.session_state);
  const list = [];
  if (facts.session && facts.session_state === "waiting_authorization") list.push(["authorize", {}, "do.authorize"]);
  if (facts.session && facts.session_state === "stopped") list.push(["start", {}, "do.start"]);
  if (facts.session && going) list.push(["stop", {}, "do.stop"]);
  if (facts.faults.some(fault => fault.severity === "error")) list.push(["clear", {}, "do.clear"]);
  if (facts.session && facts.board?.socket && !facts.board.lacks?.includes("lock")) list.push(["unlock", {}, "do.unlock"]);
  return list;
}

function service() {
  const operative = facts.availability === "operative";
  return [["availability", { operative: !operative }, operative ? "do.inoperative" : "do.operative"], ["restart", {}, "do.restart"]];
}

function showButtons(place, list) {
  const signature = JSON.stringify([list, document.documentElement.lang]);
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...list.map(([name, args, key]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = t.text(key);
    button.addEventListener("click", () => give(button, name, args));
    return button;
  }));
  if (focused) place.querySelector("button")?.focus();     // the keyboard's place is not lost when Stop becomes Start
}

async function give(button, name, args) {
  if (button.ariaDisabled === "true") return;
  if (name === "restart" && !confirm(t.text("restart_sure"))) return;
  button.ariaDisabled = "true";      // not disabled: that would take the keyboard's place away
  const refusal = await command(name, args);
  button.ariaDisabled = "false";
  const key = `refused.${refusal}`;
  find("answer").textContent = refusal === null ? "" : t.has(key) ? t.text(key) : t.text("refused.other", { code: refusal });
  if (refusal === null) live.ask();
}

function show() {
  if (!facts) return;
  showFacts(facts);
  showButtons(find("buttons"), actions());
  showButtons(find("service"), service());
}

const live = new Live(
  newest => { facts = newest; show(); },
  age => showAge(age, LOST_MS));

async function setLanguage(language, keep) {
  await t.use(language, keep);
  find("language").value = language;
  find("lost").hidden = true;       // written anew in the new words
  show();
}

async function begin() {
  find("language").addEventListener("change", event => setLanguage(event.target.value, true));
  find("more").addEventListener("toggle", () => facts && showDetails(facts));
  for (;;) {
    try {
      await setLanguage(t.chosen(), false);
      break;
    } catch {
      await new Promise(done => setTimeout(done, 2000));      // the charger is busy: without words there is no page
    }
  }
  live.start();
}

begin();
