// Power curves that the charger keeps: the running session's where this browser has slept, and those of past sessions.

// Points for the chart of what the charger tells: [s since the plug-in, W, no current, readings in it].
export function pointsOf({ from_s, step_s, power_w }) {
  return power_w.map((watt, n) => [from_s + n * step_s, watt, null, step_s]).filter(point => point[1] !== null);
}

// Puts what was not seen here before what was. A charger that does not tell it leaves all as it is.
export async function complete(curve, number) {
  const { api } = await import("../api.js");
  const found = await api("GET", "curve", undefined, { login: false });
  if (found.number !== number || curve.session?.number !== number) return;
  const told = pointsOf(found);
  const last = told.at(-1)?.[0] ?? -1;
  curve.points = told.concat(curve.points.filter(([s]) => s > last));
  curve.step = Math.max(curve.step, found.step_s);
  curve.fit();
}
