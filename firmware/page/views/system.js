// The charger as a device: what it is, updates, backup and restore, service and factory reset.

import { button, make } from "../dom.js";
import { actions, alive, badge, card, pairs, rowsOf, soft, trying, word } from "../parts/pieces.js";
import { fileWords, nameOf, save, upload } from "../parts/files.js";
import { labelOf, refusal } from "../parts/form.js";
import * as t from "../texts.js";

export const texts = ["files", "form", "settings", "login"];

const LONG_MS = 180000;     // a key takes a charger half a minute
const PROGRESS_MS = 1000;

export async function show(root, page) {
  root.append(device(page), life(page));
  if (page.allows("read")) root.append(await update(page));
  if (page.allows("admin")) root.append(backup(page), asText(page), await https(page));
  if (page.allows("control")) root.append(service(page));
  if (page.allows("admin")) root.append(reset(page));
}

function device(page) {
  const rows = facts => [
    [t.text("serial"), facts.serial], [t.text("version"), facts.version], [t.text("board"), facts.board?.name],
    [t.text("system.started"), Math.max(60, facts.uptime_s - facts.uptime_s % 60)],
    [t.text("boots"), String(facts.boot_number ?? "–")],
    [t.text("system.cause"), word(`system.cause.${facts.reset_cause}`, facts.reset_cause)],
  ];
  return card(t.text("device_title"), alive(page, rows, facts => pairs(rows(facts).map(([name, value]) =>
    [name, name === t.text("system.started") ? t.duration(value) : value]))));
}

function life(page) {
  const rows = facts => [[t.text("life_energy"), t.energy(facts.life_energy_wh)], [t.text("life_charging"), t.duration(facts.life_charging_s)],
    [t.text("energy_total"), t.energy(facts.energy_wh)]];
  return card(t.text("life_title"), alive(page, rows, facts => pairs(rows(facts))));
}

async function update(page) {
  const place = card(t.text("update.title"));
  const state = await page.api("GET", "update").catch(() => null);
  if (!state) {
    place.append(soft(t.text("update.none")));
    return place;
  }
  const after = trying(page, async () => page.refresh());
  const press = (path, body) => trying(page, async () => {
    await page.api("POST", path, body ?? {});
    await after();
  });
  const draw = facts => {
    const now = facts.update ?? state;
    const busy = ["checking", "downloading", "restarting"].includes(now.state);
    const bar = make("progress", { max: 100, "aria-label": t.text("update.title") });
    if (now.progress_percent !== null && now.progress_percent !== undefined) bar.value = now.progress_percent;
    const install = async () => {
      if (await page.confirm({ title: t.text("update.install"), text: t.text("update.sure"), yes: t.text("update.install") })) {
        await press("update/install")();
      }
    };
    return [
      pairs([[t.text("update.running"), facts.version], [t.text("update.state"), word(`update.state.${now.state}`, now.state)],
        now.version && [t.text("update.found"), [now.version, now.date].filter(Boolean).join(" · ")],
        now.reason && [t.text("update.reason"), word(`update.reason.${now.reason}`, now.detail ?? now.reason)]]),
      now.trial && soft(t.text("update.trial")),
      now.notes && soft(now.notes), busy && bar,
      page.allows("admin") && actions(
        button(t.text("update.check"), press("update/check")),
        ["available", "ready"].includes(now.state) && button(t.text("update.install"), install, { class: "main" }),
        button(t.text("update.upload"), () => bundle(page))),
    ];
  };
  place.append(alive(page, facts => facts.update, draw));
  if (state.log?.length) {
    place.append(make("details", {}, make("summary", { text: t.text("update.log") }), rowsOf(state.log.map(entry => [
      `${entry.utc ? t.moment(entry.utc) : "–"} · ${entry.version} · ${word(`update.reason.${entry.result}`, entry.result)}`]))));
  }
  return place;
}

async function bundle(page) {
  await page.ask({
    title: t.text("update.upload"), text: t.text("update.upload_text"), yes: t.text("update.upload"),
    fields: [{ name: "file", type: "file", label: t.text("system.file"), required: true }],
    submit: async ({ file }) => {
      try {
        await send(page, file, "");
      } catch (error) {
        if (!["older", "failed_before"].includes(error.code)) throw error;
        const sure = await page.confirm({ title: t.text("update.back"), text: t.text("update.back_sure"), yes: t.text("update.back"), danger: true });
        if (!sure) throw error;
        await send(page, file, "?downgrade=true");
      }
      page.refresh();
    },
  });
}

async function send(page, file, query) {
  const bar = await page.progress(t.text("update.upload"));
  try {
    await upload("PUT", `update/bundle${query}`, file, { step: share => bar.step(share, t.number(Math.round(share * 100), 0, "%")) });
  } finally {
    bar.close();
  }
}

const passwordField = key => ({ name: "password", type: "password", label: t.text(key), autocomplete: "off", required: true });

// Shows how far the key of a backup is while work() lasts; gives what work() gives.
async function withKey(page, title, work) {
  const bar = await page.progress(title);
  bar.step(null, t.text("backup.wait"));
  let lasts = true;
  const watch = async () => {
    while (lasts) {
      await new Promise(done => setTimeout(done, PROGRESS_MS));
      const found = lasts && await page.api("GET", "backup/progress").catch(() => null);
      if (lasts && typeof found?.permille === "number") bar.step(found.permille / 1000);
    }
  };
  watch();
  try {
    return await work();
  } finally {
    lasts = false;
    bar.close();
  }
}

// Asks for a password and saves the backup; whether one was saved.
async function makeBackup(page) {
  const done = await page.ask({
    title: t.text("backup.make"), text: t.text("backup.password_text"), yes: t.text("backup.make"),
    fields: [{ ...passwordField("backup.password"), min_length: 10, max_length: 64, autocomplete: "new-password" },
      { name: "again", type: "password", label: t.text("login.repeat"), required: true, autocomplete: "new-password",
        wrong: value => value === document.querySelector("dialog[open] [name=password]").value ? null : t.text("login.differ") }],
    submit: ({ password }) => withKey(page, t.text("backup.make"), async () => {
      const answer = await page.api("POST", "backup", { password }, { raw: true, timeout_ms: LONG_MS });
      save(nameOf(answer, "mode3.backup"), await answer.blob());
    }),
  });
  if (done) page.notice(t.text("backup.made"));
  return Boolean(done);
}

const shownValue = value => value === null ? "••••" : value === true ? t.text("form.on") : value === false ? t.text("form.off") : value === "" ? "–" : String(value);

// The changes that a file would make, shown, and what this charger cannot take of it; whether they are wanted.
async function wanted(page, changes, refused = []) {
  if (!changes.length) {
    page.notice(t.text("backup.same"));
    return false;
  }
  return page.confirm({ title: t.text("backup.changes", { n: changes.length }), yes: t.text("form.apply"),
    list: changes.map(one => t.text("form.change", { name: labelOf(one.key), before: shownValue(one.from), after: shownValue(one.to) })),
    text: refused.length ? t.text("backup.refused", { list: refused.map(one => labelOf(one.key)).join(", ") }) : "" });
}

async function restore(page) {
  let chosen = null;
  let told = null;
  const send = (query, { file, password }) => withKey(page, t.text("backup.restore"), () => page.api("PUT", `backup${query}`, file, {
    headers: { "X-Backup-Password": encodeURIComponent(password), "Content-Type": "application/octet-stream" }, timeout_ms: LONG_MS }));
  await page.ask({
    title: t.text("backup.restore"), text: t.text("backup.restore_text"), yes: t.text("backup.check"),
    fields: [{ name: "file", type: "file", label: t.text("system.file"), required: true }, passwordField("backup.password_of")],
    submit: async values => {
      chosen = values;
      told = await send("?check=1", values);
    },
  });
  if (!told || !await wanted(page, told.changes, told.refused)) return;
  await send("?skip=1", chosen);
  page.notice(t.text("backup.restored"));
  page.refresh();
}

function backup(page) {
  return card(t.text("backup.title"), soft(t.text("backup.text")), actions(
    button(t.text("backup.make"), trying(page, () => makeBackup(page))), button(t.text("backup.restore"), trying(page, () => restore(page)))));
}

function asText(page) {
  const load = async () => {
    let chosen = null;
    let changes = null;
    const put = (path, file) => page.api("PUT", path, file, { headers: { "Content-Type": "text/plain", "X-File-Name": file.name.replace(/[^ -~]/g, "_") } });
    await page.ask({
      title: t.text("text.import"), text: t.text("text.import_text"), yes: t.text("backup.check"),
      fields: [{ name: "file", type: "file", label: t.text("system.file"), accept: ".txt,text/plain", required: true }],
      submit: async ({ file }) => {
        chosen = file;
        try {
          ({ changes } = await put("settings.txt?check=1", file));
        } catch (error) {
          if (error.status === 422) error.words = fileWords(error, error.field && labelOf(error.field), error.code === "bad_value" ? refusal(error, true) : page.errorWords(error));
          throw error;
        }
      },
    });
    if (!changes || !await wanted(page, changes)) return;
    await put("settings.txt", chosen);
    page.notice(t.text("backup.restored"));
    page.refresh();
  };
  const fetched = query => trying(page, async () => {
    const answer = await page.api("GET", `settings.txt${query}`, undefined, { raw: true });
    save(nameOf(answer, "settings.txt"), await answer.blob());
  });
  return card(t.text("text.title"), soft(t.text("text.text")), actions(button(t.text("text.export"), fetched("")),
    button(t.text("text.export_own"), fetched("?serial=1")), button(t.text("text.import"), trying(page, load))));
}

// The certificate that the page is shown with over HTTPS.
async function https(page) {
  const place = make("div", { class: "stack wide" });
  const load = () => page.ask({
    title: t.text("https.load"), text: t.text("https.load_text"), yes: t.text("https.load"),
    fields: [{ name: "certificate", type: "area", label: t.text("https.certificate"), required: true },
      { name: "key", type: "area", label: t.text("https.key"), required: true }],
    submit: async pair => draw(await page.api("PUT", "certificate", pair)),
  });
  const draw = found => place.replaceChildren(
    pairs([[t.text("https.state"), word(`https.${found.https}`, found.https)], [t.text("https.source"), word(`https.source.${found.source}`, found.source ?? "–")],
      [t.text("https.fingerprint"), found.fingerprint]]),
    soft(t.text("https.restart")),
    actions(make("a", { class: "button", href: "#/settings/web", text: t.text("https.settings") }), button(t.text("https.load"), trying(page, load)),
      found.source === "imported" && button(t.text("https.forget"), trying(page, async () => draw(await page.api("DELETE", "certificate"))))));
  const found = await page.api("GET", "certificate").catch(() => null);
  if (!found) return "";
  draw(found);
  return card("HTTPS", place);
}

function service(page) {
  const modes = ["normal", "commissioning", "demo"];
  const draw = facts => {
    const operative = facts.availability === "operative";
    const mode = name => trying(page, async () => {
      if (name === "demo" && !await page.confirm({ title: t.text("system.demo"), text: t.text("system.demo_text"), yes: t.text("system.demo") })) return;
      await page.command("service_mode", { mode: name });
      page.refresh();
    });
    return [
      rowsOf([[make("span", {}, t.text("system.availability"), " ", badge(t.text(operative ? "system.operative" : "system.inoperative"), operative ? "good" : "bad")),
        button(t.text(operative ? "do.inoperative" : "do.operative"), trying(page, async () => {
          await page.command("availability", { operative: !operative });
          page.refresh();
        }))],
      ...page.allows("admin") ? [[make("span", {}, t.text("service_mode"), " ", badge(t.text(`system.mode.${facts.service_mode}`))),
        ...modes.filter(name => name !== facts.service_mode).map(name => button(t.text(`system.to.${name}`), mode(name)))]] : []]),
      page.allows("admin") && actions(button(t.text("do.restart"), trying(page, async () => {
        if (!await page.confirm({ title: t.text("do.restart"), text: t.text("restart_sure"), yes: t.text("do.restart") })) return;
        await page.command("restart");
        page.notice(t.text("restarting"));
      }))),
    ];
  };
  return card(t.text("system.service"), alive(page, facts => [facts.availability, facts.service_mode], draw));
}

function reset(page) {
  const run = async () => {
    if (await page.confirm({ title: t.text("reset.backup_first"), text: t.text("reset.backup_text"), yes: t.text("backup.make"), no: t.text("reset.without") })
        && !await makeBackup(page)) return;
    const { clears } = await page.api("GET", "factory_reset");
    const done = await page.ask({
      title: t.text("reset.title"), text: t.text("reset.clears"), danger: true, yes: t.text("reset.do"),
      list: clears.filter(one => one.bytes && one.what !== "cards").map(one => word(`reset.what.${one.what}`, one.what)),
      fields: [{ name: "cards", type: "switch", label: t.text("reset.cards"), value: false },
        { name: "sure", type: "text", label: t.text("reset.type", { word: t.text("reset.word") }), required: true,
          wrong: value => value.trim().toLowerCase() === t.text("reset.word").toLowerCase() ? null : t.text("reset.not_word") }],
      submit: ({ cards }) => page.api("POST", "factory_reset", { cards }),
    });
    if (done) page.notice(t.text("restarting"));
  };
  return card(t.text("reset.title"), soft(t.text("reset.text")), actions(button(t.text("reset.do"), trying(page, run), { class: "danger" })));
}
