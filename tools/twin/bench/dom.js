// Small helpers for elements and numbers. Whatever comes from the twin becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return element;
}

/** An HTML element: h("button", {class: "x", onclick: f}, "text", child). */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const $ = id => document.getElementById(id);

/** Sets the text only when it is another one: screen readers and layout are left alone otherwise. */
export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** Sets or takes away (null; false, but for aria's) an attribute only when that changes something. */
export function attribute(element, name, value) {
  if (value === null || (value === false && !name.startsWith("aria-"))) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export const toggle = (element, name, on) => element.classList.toggle(name, Boolean(on));

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const amps = ma => (ma === null || ma === undefined ? "–" : (ma / 1000).toFixed(ma < 99_950 ? 1 : 0) + " A");
export const volts = mv => (mv / 1000).toFixed(1) + " V";
export const watts = w =>
  w === null || w === undefined
    ? "–"
    : Math.abs(w) < 1000
      ? Math.round(w) + " W"
      : (w / 1000).toFixed(w < 99_950 ? 2 : 1) + " kW";
export const words = name => name.replaceAll("_", " ");

/** Seconds since power-up as 1:02:03.456. */
export function time(us, digits = 3) {
  const s = us / 1e6,
    whole = Math.floor(s),
    pad = n => String(n).padStart(2, "0");
  const rest = digits ? "." + String(Math.floor((s - whole) * 10 ** digits)).padStart(digits, "0") : "";
  return (
    (whole >= 3600 ? Math.floor(whole / 3600) + ":" + pad(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)) +
    ":" +
    pad(whole % 60) +
    rest
  );
}

/** A length of time with a fitting unit. */
export function span(us) {
  const size = Math.abs(us);
  if (size < 1000) return us.toFixed(0) + " µs";
  if (size < 1e6) return (us / 1000).toFixed(size < 1e5 ? 1 : 0) + " ms";
  return size < 60e6 ? (us / 1e6).toFixed(2) + " s" : (us / 60e6).toFixed(1) + " min";
}

/** A row of buttons of which one is chosen: choices are [value, label]. Returns the row and a function that shows a choice. */
export function choices(host, label, list, chosen, act) {
  attribute(host, "role", "group");
  attribute(host, "aria-label", label);
  const buttons = list.map(([value, name, more]) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": more,
        onclick: () => {
          show(value);
          act(value);
        },
      },
      name,
    ),
  );
  host.replaceChildren(...buttons);
  const show = value => buttons.forEach((button, n) => attribute(button, "aria-pressed", list[n][0] === value));
  show(chosen);
  return show;
}
