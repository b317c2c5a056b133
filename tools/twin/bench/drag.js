// Dragging in the scene, with the pointer and with keys.

import {clamp} from "./dom.js";
import {calmly} from "./live.js";

/** A pointer's place in the units of the drawing. */
export function place(event, element) {
  const svg = element.ownerSVGElement,
    matrix = svg.getScreenCTM().inverse();
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [point.x, point.y];
}

/** Follows a pointer from its press: move(point), end(point or null when it was taken away, moved: more than a tap). */
export function follow(element, {begin, move, end}) {
  let from = null,
    moved = false;
  element.addEventListener("pointerdown", event => {
    if (event.button) return;
    from = place(event, element);
    moved = false;
    element.setPointerCapture(event.pointerId);
    event.preventDefault();
    element.focus({preventScroll: true});
    begin?.(from);
  });
  element.addEventListener("pointermove", event => {
    if (!from) return;
    const point = place(event, element);
    moved ||= Math.hypot(point[0] - from[0], point[1] - from[1]) > 6;
    if (moved) move?.(point);
  });
  const over = event => {
    if (!from) return;
    from = null;
    end?.(event.type === "pointerup" ? place(event, element) : null, moved);
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(name, over);
}

/** Makes an element with role slider work: value() now, toValue(point), show(value) at once, act(value) calmly. Returns a
 * function that says whether it is held now (or was, a moment ago). */
export function slide(element, {value, low, high, step, toValue, show, act}) {
  let held = false,
    aimed = null,
    until = 0;
  const ask = calmly(act);
  const set = wanted => {
    aimed = clamp(wanted, low, high);
    until = performance.now() + 700;
    show(aimed);
    ask(aimed);
  };
  follow(element, {
    begin: () => {
      held = true;
    },
    move: point => set(toValue(point)),
    end: () => {
      held = false;
    },
  });
  element.addEventListener("keydown", event => {
    const now = performance.now() < until ? aimed : value();
    const wanted = {
      ArrowUp: now + step,
      ArrowRight: now + step,
      ArrowDown: now - step,
      ArrowLeft: now - step,
      PageUp: now + step * 4,
      PageDown: now - step * 4,
      Home: low,
      End: high,
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    set(wanted);
  });
  return () => held || performance.now() < until;
}
