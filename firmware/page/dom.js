// Makes elements: the page never writes markup from text.

const SVG = document.querySelector("svg").namespaceURI;

// attributes: text is the text content, class and everything else an attribute (true: without value; null, false: not there);
// a function is called at the event of its name, as in { click: save }. children: elements or texts; null is left out.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

// An icon of index.html's set, for eyes only.
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

// A button; press may be async: while it runs, the button takes no second press.
export function button(words, press, attributes = {}) {
  const element = make("button", { type: "button", text: words, ...attributes });
  element.addEventListener("click", async event => {
    if (element.ariaDisabled === "true") return;
    element.ariaDisabled = "true";       // not disabled: that would take the keyboard's place away
    try {
      await press(event);
    } finally {
      element.ariaDisabled = "false";
    }
  });
  return element;
}
