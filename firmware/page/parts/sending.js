// What became of what the charger sends by itself, in words, and a button that tries it now.

import { button, make } from "../dom.js";
import { actions, alive, card, pairs, soft, word } from "./pieces.js";
import * as t from "../texts.js";

// area of the settings and fact → where it is tried, and who may
const AREAS = { publication: ["publication/test", "control"], fault_mail: ["publication/test/mail", "admin"] };
// Results whose detail helps who reads it: what the server said, the name of a file.
const TOLD = ["sent", "refused", "log_in", "http_status", "bad_answer", "bad_address", "tls", "dropped", "given_up"];
const LOOK_MS = 1000;
const LONGEST_MS = 120000;

export const isSent = area => area in AREAS;

const words = ({ result, detail }) => word(`sending.result.${result}`, result) + (detail && TOLD.includes(result) ? ` (${detail})` : "");

// A card for the area.
export function sending(page, area) {
  const [path, role] = AREAS[area];
  const said = make("p", { role: "status" });
  const draw = ({ [area]: now }) => now && pairs([
    [t.text("sending.state"), word(`sending.state.${now.state}`, now.state)],
    now.result && [t.text("sending.newest"), words(now)],
    now.tries > 0 && [t.text("sending.tries"), String(now.tries)],
  ]);
  const attempt = async () => {
    const before = page.facts?.[area]?.attempts ?? 0;
    said.className = "";
    said.textContent = t.text("sending.under_way");
    try {
      await page.api("POST", path, {});
      // once more for this browser alone: the stream leaves the server's words out
      const after = await newResult(page, area, before) && (await page.api("GET", "status"))[area];
      said.className = after?.result === "sent" ? "good" : "error";
      said.textContent = after ? words(after) : t.text("sending.nothing_yet");
    } catch (error) {
      said.className = "error";
      said.textContent = word(`sending.refused.${error.code}`, page.errorWords(error));
    }
  };
  return card(t.text("sending.title"), alive(page, facts => facts[area], draw), soft(t.text("sending.saved_only")),
    page.allows(role) && actions(button(t.text("sending.try"), attempt)), said);
}

// The area's fact as soon as one more attempt has ended; null when none does.
function newResult(page, area, before) {
  return new Promise(done => {
    const end = found => {
      clearInterval(looking);
      stop();
      done(found);
    };
    const began = Date.now();
    const looking = setInterval(() => Date.now() - began > LONGEST_MS ? end(null) : page.refresh(), LOOK_MS);
    const look = facts => {
      if (facts[area]?.attempts > before) setTimeout(() => end(facts[area]));
    };
    const stop = page.onFacts(look);
  });
}
