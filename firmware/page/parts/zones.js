// Time zones by place, with the rule that the charger keeps (POSIX TZ). Places that share a rule share a row.

const CET = "CET-1CEST,M3.5.0,M10.5.0/3";
const EET = "EET-2EEST,M3.5.0/3,M10.5.0/4";

// [words, rule, names that a browser may have for it]
export const ZONES = [
  ["UTC", "UTC0", ["UTC", "Etc/UTC"]],
  ["Berlin, Wien, Zürich, Paris, Roma, Madrid", CET, ["Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Paris", "Europe/Rome",
    "Europe/Madrid", "Europe/Amsterdam", "Europe/Brussels", "Europe/Luxembourg", "Europe/Copenhagen", "Europe/Oslo", "Europe/Stockholm",
    "Europe/Prague", "Europe/Warsaw", "Europe/Budapest", "Europe/Ljubljana", "Europe/Zagreb", "Europe/Bratislava", "Europe/Belgrade",
    "Europe/Vaduz", "Europe/Monaco", "Europe/Andorra", "Europe/Malta", "Europe/San_Marino", "Europe/Busingen"]],
  ["London, Dublin", "GMT0BST,M3.5.0/1,M10.5.0", ["Europe/London", "Europe/Dublin", "Europe/Jersey", "Europe/Guernsey"]],
  ["Lisboa", "WET0WEST,M3.5.0/1,M10.5.0", ["Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Canary"]],
  ["Reykjavík", "GMT0", ["Atlantic/Reykjavik"]],
  ["Helsinki, Tallinn, Riga, Vilnius, Athína, Sofia, București, Kyjiw", EET, ["Europe/Helsinki", "Europe/Tallinn", "Europe/Riga",
    "Europe/Vilnius", "Europe/Athens", "Europe/Sofia", "Europe/Bucharest", "Europe/Kiev", "Europe/Kyiv"]],
  ["İstanbul", "TRT-3", ["Europe/Istanbul"]],
  ["New York, Toronto", "EST5EDT,M3.2.0,M11.1.0", ["America/New_York", "America/Toronto", "America/Montreal"]],
  ["Chicago", "CST6CDT,M3.2.0,M11.1.0", ["America/Chicago", "America/Winnipeg"]],
  ["Denver", "MST7MDT,M3.2.0,M11.1.0", ["America/Denver", "America/Edmonton"]],
  ["Los Angeles, Vancouver", "PST8PDT,M3.2.0,M11.1.0", ["America/Los_Angeles", "America/Vancouver"]],
  ["Tokyo", "JST-9", ["Asia/Tokyo"]],
  ["Sydney, Melbourne", "AEST-10AEDT,M10.1.0,M4.1.0/3", ["Australia/Sydney", "Australia/Melbourne"]],
  ["Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3", ["Pacific/Auckland"]],
];

// The rule for where this browser is; null where it is not in the list.
export function browserZone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return ZONES.find(([, , names]) => names.includes(name))?.[1] ?? null;
}

// What a rule is called here.
export const zoneName = rule => ZONES.find(([, one]) => one === rule)?.[0] ?? rule;
