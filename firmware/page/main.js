// Wires the page: facts in from live.js, words from texts.js, shown by view.js and details.js, commands out by actions.js.

import { showActions, startActions } from "./actions.js";
import { Chart } from "./chart.js";
import { Curve } from "./curve.js";
import { showDetails, showDevice } from "./details.js";
import { Live } from "./live.js";
import { login, startShell, takeFacts, translate } from "./shell.js";
import * as t from "./texts.js";
import { nameTheme, startTheme } from "./theme.js";
import { put, showFacts, showLink } from "./view.js";

const KEEP_MS = 10000;

let facts = null;
const told = {};          // area → what an answer to this browser alone said of its sending: the stream leaves servers' words out
let person = null;        // the stream tells nobody who charges; an answer to this browser alone may
const find = id => document.getElementById(id);

const curve = new Curve();
const live = new Live(take, showLink, () => login());
let chart = null;
let begun = false;

function take(newest, asked) {
  facts = newest;
  const number = facts.session?.number ?? null;
  if (asked) person = { number, account: facts.session ? facts.session.account : facts.account };
  else if (person?.number !== number) {
    person = { number, account: null };
    live.ask();
  }
  for (const area of ["publication", "fault_mail"]) {
    const now = facts[area];
    if (!now) continue;
    if (asked) told[area] = now;
    else if (told[area]?.attempts === now.attempts) now.detail = told[area].detail;
    else {
      told[area] = now;
      live.ask();
    }
  }
  curve.take(facts);
  if (t.setGeneral(facts.general) && t.chosen() !== document.documentElement.lang) setLanguage(t.chosen(), false);
  show();
}

function show() {
  if (!facts) return;
  showFacts(facts, person?.account);
  showDetails(facts);
  if (find("more").open) showDevice(facts);
  showActions(facts);
  put(find("curve_title"), t.text(curve.live ? "curve_title" : curve.points.length ? "curve_last" : "curve_title"));
  chart.draw();
  takeFacts(facts);
  document.body.classList.remove("empty");
}

async function setLanguage(language, keep) {
  await t.use(language, keep);
  find("language").value = language;
  nameTheme();
  live.tell();
  show();
  if (begun) await translate();
}

function setPause() {
  const pause = !live.paused;
  live.pause(pause);
  find("pause").setAttribute("aria-pressed", String(pause));
  find("pause").querySelector("use").setAttribute("href", pause ? "#icon-play" : "#icon-pause");
  find("refresh").setAttribute("aria-disabled", String(!pause));
}

async function begin() {
  startTheme();
  startActions(() => live.ask());
  chart = new Chart(curve, find("chart"), find("readout"));
  find("language").addEventListener("change", event => setLanguage(event.target.value, true));
  find("more").addEventListener("toggle", () => facts && showDevice(facts));
  find("pause").addEventListener("click", setPause);
  find("refresh").addEventListener("click", () => live.paused && live.ask());
  setInterval(() => curve.keep(), KEEP_MS);
  addEventListener("pagehide", () => curve.keep());
  for (;;) {
    try {
      await setLanguage(t.chosen(), false);
      break;
    } catch {
      await new Promise(done => setTimeout(done, 2000));      // the charger is busy: without words there is no page
    }
  }
  live.start();
  await startShell(() => live.ask());
  begun = true;
}

begin();
