// Light, dark, or as the device has it: three looks, one button, kept in this browser.

import * as t from "./texts.js";

const LOOKS = ["auto", "light", "dark"];
let look = "auto";

const button = () => document.getElementById("theme");

function apply() {
  if (look === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = look;
  button().querySelector("use").setAttribute("href", `#icon-${look}`);
}

// Called again when the language changes.
export function nameTheme() {
  button().lastElementChild.textContent = t.text(`theme.${look}`);
  button().title = t.text(`theme.${look}`);
}

export function startTheme() {
  try {
    const kept = localStorage.getItem("theme");
    if (LOOKS.includes(kept)) look = kept;
  } catch { /* storage is switched off: as the device has it */ }
  apply();
  button().addEventListener("click", () => {
    look = LOOKS[(LOOKS.indexOf(look) + 1) % LOOKS.length];
    try { localStorage.setItem("theme", look); } catch { /* holds for this visit */ }
    apply();
    nameTheme();
  });
}
