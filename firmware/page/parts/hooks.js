// Fields that have something better than a bare text: meters, sensors, time zones to choose from.

import * as t from "../texts.js";
import { ZONES } from "./zones.js";

const HOOKS = {
  "meter.type": async page => {
    const { meters } = await page.api("GET", "meters");
    const choices = [["none", t.text("form.none")], ["generic", t.text("form.generic")],
      ...meters.filter(({ name }) => !["none", "generic"].includes(name)).map(({ name, models }) => [name, models || name])];
    return row => ({ type: "choice", choices: withOwn(choices, row.value) });
  },
  "time.zone": async () => row => ({ type: "choice", help: t.text("form.zone"), choices: withOwn(ZONES.map(([name, text]) => [text, name]), row.value) }),
};
const SENSORS = ["sensors.interior", "sensors.relay", "sensors.supply_1", "sensors.supply_2"];

const withOwn = (choices, value) => choices.some(([one]) => one === value) ? choices : [[value, value], ...choices];

// What settingsForm() takes as its hooks, for these rows.
export async function hooksFor(page, rows) {
  const hooks = {};
  for (const row of rows) if (HOOKS[row.key]) hooks[row.key] = await HOOKS[row.key](page);
  const ids = (page.facts?.temperature_sensors ?? []).map(sensor => [sensor.id, `${sensor.id} · ${t.celsius(sensor.celsius)}`]);
  for (const key of SENSORS) hooks[key] = () => ({ suggestions: ids });
  return hooks;
}
