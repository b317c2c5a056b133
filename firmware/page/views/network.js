// How the charger is reached: state, Wi-Fi, the hotspot, addresses, the clock.

import { button, make } from "../dom.js";
import { FORM_TEXTS, settingsForm, settingsTable } from "../parts/form.js";
import { hooksFor } from "../parts/hooks.js";
import { actions, alive, badge, card, pairs, rowsOf, soft, trying, word } from "../parts/pieces.js";
import * as t from "../texts.js";

export const texts = FORM_TEXTS;

const SCAN_MS = 1000;
const SCANS = 15;           // looks at the list before it is given up

// Groups of settings, in the order of use; what begins with network. or time. and stands nowhere here comes last.
const GROUPS = [
  ["network.group.hotspot", ["network.hotspot", "network.channel", "network.wifi"]],
  ["network.group.address", ["network.ipv4", "network.ip", "network.mask", "network.gateway", "network.dns", "network.fallback_ip",
    "network.hostname", "network.ethernet", "network.dhcp_server"]],
  ["network.group.time", ["time.zone", "time.ntp", "time.servers"]],
  ["network.group.proxy", ["network.proxy", "network.proxy_user", "network.proxy_password"]],
  ["network.group.more", ["network.ssdp", "network.mdns"]],
];

export async function show(root, page) {
  const leaving = { gone: false };
  const [state, rows] = await Promise.all([page.api("GET", "network").catch(() => null), settingsTable(page)]);
  root.append(card(t.text("network.state"), alive(page, facts => facts.network ?? state, facts => stateRows(facts.network ?? state))));
  if (state && page.allows("control")) root.append(await wifi(page, leaving));
  root.append(clockCard(page));
  const mine = rows.filter(row => /^(network|time)\./.test(row.key));
  const hooks = await hooksFor(page, mine);
  if (mine.length) {
    root.append(settingsForm(page, mine, { hooks, groups: GROUPS.map(([key, keys]) => [t.text(key), keys]) }));
  }
  return () => { leaving.gone = true; };
}

function stateRows(state) {
  if (!state) return soft(t.text("network.unknown"));
  const hotspot = state.hotspot ?? {};
  return pairs([
    [t.text("network.mode"), badge(word(`network.mode.${state.mode}`, state.mode), ["wifi", "ethernet"].includes(state.mode) ? "good" : "")],
    state.ssid && [t.text("network.ssid"), state.ssid],
    [t.text("network.ip"), state.ip], [t.text("network.host"), state.host],
    state.rssi_dbm !== null && state.rssi_dbm !== undefined && [t.text("network.signal"), `${t.text(`network.signal.${strength(state.rssi_dbm)}`)} (${t.number(state.rssi_dbm, 0, "dBm")})`],
    state.reason && [t.text("network.reason"), word(`network.reason.${state.reason}`, state.reason)],
    [t.text("network.hotspot"), hotspot.open ? `${hotspot.ssid ?? ""} · ${t.text("network.clients", { n: hotspot.clients ?? 0 })}` : t.text("network.hotspot_closed")],
  ]);
}

const strength = dbm => dbm >= -60 ? "good" : dbm >= -72 ? "fair" : "weak";

// The networks that are known and those in reach. leaving.gone: the view is left.
export async function wifi(page, leaving) {
  const list = make("div", { class: "stack wide" });
  const found = make("div", { class: "stack wide", "aria-live": "polite" });
  const take = ({ known }) => {
    list.replaceChildren(known.length ? rowsOf(known.map(one => [
      make("span", {}, one.ssid, " ", one.joined && badge(t.text("network.joined"), "good")),
      button(t.text("network.forget"), trying(page, async () => {
        if (await page.confirm({ title: t.text("network.forget_sure", { ssid: one.ssid }), text: one.joined ? t.text("network.forget_joined") : "", yes: t.text("network.forget"),
          danger: true })) take(await page.api("DELETE", `network/known/${encodeURIComponent(one.ssid)}`));
      }), { "aria-label": `${t.text("network.forget")}: ${one.ssid}` })])) : soft(t.text("network.none_known")));
  };
  const join = async (network = {}) => {
    const hidden = !network.ssid;
    const open = network.security === "open";
    await page.ask({
      title: hidden ? t.text("network.hidden") : network.ssid, text: t.text("network.join_text"), yes: t.text("network.join"),
      fields: [...hidden ? [{ name: "ssid", type: "text", label: t.text("network.ssid"), required: true, max_length: 32 }] : [],
        ...open ? [] : [{ name: "key", type: "password", label: t.text("network.key"), required: !hidden, autocomplete: "off", max_length: 64 }]],
      submit: async ({ ssid = network.ssid, key = "" }) => {
        take(await page.api("PUT", `network/known/${encodeURIComponent(ssid)}`, { key, hidden, priority: 0 }));
        page.notice(t.text("network.joining", { ssid }));
        page.refresh();
      },
    });
  };
  const scan = async () => {
    found.replaceChildren(soft(t.text("network.scanning")), make("progress", { "aria-label": t.text("network.scanning") }));
    await page.api("POST", "network/scan").catch(error => { found.replaceChildren(); throw error; });
    for (let n = 0; n < SCANS && !leaving.gone; n++) {
      await new Promise(done => setTimeout(done, SCAN_MS));
      const answer = await page.api("GET", "network/scan");
      if (answer.scanning) continue;
      const rows = answer.networks.filter(one => one.ssid);
      found.replaceChildren(rows.length ? rowsOf(rows.map(one => [
        make("span", {}, one.ssid, " ", badge(`${t.text(`network.signal.${strength(one.rssi_dbm)}`)}${one.security === "open" ? ` · ${t.text("network.open")}` : ""}`)),
        one.known ? badge(t.text("network.known")) : button(t.text("network.join"), trying(page, () => join(one)), { "aria-label": `${t.text("network.join")}: ${one.ssid}` })]))
        : soft(t.text("network.nothing")));
      return;
    }
    found.replaceChildren(soft(t.text("network.nothing")));
  };
  take(await page.api("GET", "network/known").catch(() => ({ known: [] })));
  return card(t.text("network.wifi"), list, actions(button(t.text("network.scan"), trying(page, scan)), button(t.text("network.hidden"), trying(page, () => join()))), found);
}

function clockCard(page) {
  const set = trying(page, async () => {
    await page.command("clock", { utc_s: Math.round(Date.now() / 1000) });
    page.notice(t.text("network.clock_set"));
    page.refresh();
  });
  const draw = facts => [
    pairs([[t.text("clock"), facts.utc ? t.moment(facts.utc) : t.text("clock_unset")],
      facts.clock && [t.text("network.clock_source"), word(`network.clock.${facts.clock.source}`, word(`by.${facts.clock.source}`, facts.clock.source))],
      facts.clock?.error && [t.text("network.clock_error"), facts.clock.error]]),
    page.allows("control") && actions(button(t.text("network.clock_browser"), set)),
  ];
  return card(t.text("network.clock_title"), alive(page, facts => [facts.utc?.slice(0, 16), facts.clock?.source, facts.clock?.error], draw));
}
