// What happened: faults, warnings, starts, orders. As a list and as a file; the installer deletes it or lets it tell more for a while.

import { button, make } from "../dom.js";
import { csvPicks, link, pagedList, pick } from "../parts/lists.js";
import * as t from "../texts.js";

export const texts = ["records"];

const KINDS = ["fault", "fault_end", "warning", "warning_end", "security", "boot", "update", "session", "ceiling", "grid", "clock", "setting", "storage",
  "info", "dropped", "debug"];
const BAD = ["fault", "warning", "storage", "dropped"];
const MINUTES = [15, 60, 240];

const word = key => t.has(key) ? t.text(key) : null;

function row(event) {
  const known = event.kind.startsWith("fault") ? word(`fault.${event.code}`) : word(`event.${event.code}`);
  const more = [known && event.code, event.value, event.detail].filter(one => one !== null && one !== "" && one !== false);
  const when = event.utc ? t.moment(event.utc) : t.text("events.after_start", { n: event.boot, time: t.duration(event.uptime_s) });
  return make("li", { "data-seq": event.seq },
    make("span", { class: "event" }, make("strong", { text: known ?? event.code }), make("span", { class: "soft", text: more.join(" · ") })),
    make("span", { class: "event_end" }, make("span", { class: `badge ${BAD.includes(event.kind) ? "bad" : ""}`, text: word(`event_kind.${event.kind}`) ?? event.kind }),
      make("span", { class: "soft", text: when })));
}

export async function show(root, page) {
  const admin = page.allows("admin");
  const kind = pick(t.text("events.kind"), { name: "kind" }, [["", t.text("events.all")],
    ...KINDS.filter(one => admin || one !== "debug").map(one => [one, t.text(`event_kind.${one}`)])]);
  const debug = make("div", { class: "stack" });
  const list = pagedList(page, async from => {
    const wanted = new URLSearchParams({ limit: "50", kind: kind.input.value });
    if (from !== null) wanted.set("before", from);
    const found = await page.api("GET", `events?${wanted}`);
    if (from === null) drawDebug(found.debug_left_s);
    return { rows: found.events, next: found.next };
  }, row, () => t.text("events.none"));
  kind.input.addEventListener("change", () => list.load());

  async function order(work, said) {
    try {
      await work();
      page.notice(t.text(said));
    } catch (error) {
      page.failed(error);
    }
    await list.load();
  }

  function drawDebug(left_s) {
    const words = left_s ? t.text("events.debug_on", { time: t.duration(left_s) }) : t.text("events.debug_text");
    const on = String(left_s > 0);
    if (debug.dataset.on === on) {
      debug.firstElementChild.textContent = words;      // a button that is being pressed stays
      return;
    }
    debug.dataset.on = on;
    const minutes = pick(t.text("events.debug_for"), { name: "minutes" }, MINUTES.map(n => [n, t.number(n, 0, "min")]));
    debug.replaceChildren(make("p", { class: "soft", text: words }),
      make("div", { class: "picks" },
        left_s ? button(t.text("events.debug_end"), () => order(() => page.api("PUT", "events/debug", { minutes: 0 }), "events.debug_ended"), { id: "debug_end" })
          : [minutes.element, button(t.text("events.debug_begin"), () => order(
            () => page.api("PUT", "events/debug", { minutes: Number(minutes.input.value) }), "events.debug_begun"), { id: "debug_begin" })]));
  }

  async function clear() {
    const sure = { title: t.text("events.delete"), text: t.text("events.delete_text"), yes: t.text("events.delete"), danger: true };
    if (await page.confirm(sure)) await order(() => page.api("DELETE", "events"), "events.deleted");
  }

  const separator = csvPicks(false)[0];
  root.append(
    make("section", { class: "card", "aria-labelledby": "events_title" }, make("h2", { id: "events_title", text: t.text("events.title") }),
      make("div", { class: "picks" }, kind.element, button(t.text("events.fresh"), () => list.load())), list.element),
    make("section", { class: "card", "aria-labelledby": "events_file" }, make("h2", { id: "events_file", text: t.text("events.file") }),
      make("p", { class: "soft", text: t.text(page.allows("control") ? "events.file_text" : "events.file_only") }),
      make("div", { class: "picks" }, separator.element),
      make("div", { class: "actions" },
        link(t.text("events.download"), () => `api/v1/events.csv?${new URLSearchParams({ separator: separator.input.value, kind: kind.input.value })}`,
          { download: true, id: "events_csv" }),
        page.allows("control") && link(t.text("events.report"), () => "api/v1/report", { download: true, id: "report" }),
        admin && button(t.text("events.delete"), clear, { class: "danger", id: "clear_events" }))));
  if (admin) {
    root.append(make("section", { class: "card", "aria-labelledby": "debug_title" }, make("h2", { id: "debug_title", text: t.text("events.debug") }), debug));
  }
  await list.load();
}
