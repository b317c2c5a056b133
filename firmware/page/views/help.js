// What every view is for, and what the software is made of and under which licence.

import { make } from "../dom.js";
import { card, pairs, soft } from "../parts/pieces.js";
import * as t from "../texts.js";

const VIEWS = ["overview", "history", "energy", "cards", "settings", "network", "access", "system", "diagnostics", "events"];
const LICENCES = [["Mode3", "MIT"], ["MicroPython", "MIT"], ["ESP-IDF", "Apache-2.0"], ["lwIP", "BSD-3-Clause"], ["Mbed TLS", "Apache-2.0"],
  ["littlefs", "BSD-3-Clause"], ["FreeRTOS", "MIT"]];

export async function show(root, page) {
  const wanted = VIEWS.includes(page.path[0]) ? page.path[0] : null;
  if (wanted) {
    root.append(make("p", {}, make("a", { href: wanted === "overview" ? "#/" : `#/${wanted}`, text: `‹ ${t.text(`nav.${wanted}`)}` })), about(wanted));
    root.append(make("p", {}, make("a", { href: "#/help", text: t.text("help.all") })));
    return;
  }
  root.append(make("p", { class: "lead", text: t.text("help.lead") }), ...VIEWS.map(about));
  root.append(card(t.text("help.lights"), ...["blue", "blinking", "flash", "green", "orange", "red"].map(sign => make("p", { text: t.text(`help.light.${sign}`) }))));
  root.append(card(t.text("help.licences"), soft(t.text("help.licences_text")), pairs(LICENCES)));
}

const about = name => card(t.text(`nav.${name}`), ...t.text(`about.${name}`).split("\n").map(words => make("p", { text: words })));
