// What the three instruments share: a canvas in device pixels, its colours, its lines.

export const COLOURS = {
  grid: "#22303a",
  axis: "#3d505d",
  faint: "#8193a0",
  ink: "#dce7ee",
  mint: "#4fe0b0",
  amber: "#ffc857",
  blue: "#62b6ff",
  violet: "#c39bff",
  red: "#ff6b6b",
};
export const STATE = {A: "#8aa0b3", B: "#ffd34d", C: "#4fe0b0", D: "#3ec6ff", E: "#ff6b6b", F: "#ff7be5"};

/** Prepares a canvas for drawing in CSS pixels. Returns [context, width, height]. */
export function prepare(canvas) {
  const ratio = devicePixelRatio || 1,
    width = canvas.clientWidth,
    height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px ui-monospace, monospace";
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  return [pen, width, height];
}

export function line(pen, colour, points, width = 1, dash = []) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  points.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  pen.setLineDash([]);
}

export function label(pen, words, x, y, colour = COLOURS.faint, align = "left") {
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
}

/** Calls moved(x) as the pointer moves over the canvas, moved(null) when it leaves. */
export function hover(canvas, moved) {
  const at = event => moved(event.clientX - canvas.getBoundingClientRect().left);
  canvas.addEventListener("pointermove", at);
  canvas.addEventListener("pointerdown", at);
  canvas.addEventListener("pointerleave", () => moved(null));
}
