// Questions in a window of their own: the browser's dialog element holds the keyboard inside and closes at Escape.

import { button, make } from "../dom.js";
import { errorWords, styles } from "../shell.js";
import * as t from "../texts.js";
import { checkAll, field, showError } from "./field.js";

// {title, text, list, fields, yes, no, danger, extra (an element), submit} → the values, or null when it was given up.
// no: false leaves no way out but the answer (and Escape is not taken).
export function ask({ title, text, list, fields = [], yes, no, danger, extra, submit }) {
  styles();
  return new Promise(done => {
    const parts = fields.map(spec => field(spec));
    const trouble = make("p", { class: "error", role: "alert", hidden: true });
    let answer = null;
    const form = make("form", { method: "dialog", novalidate: true },
      make("h2", { id: "dialog_title", text: title }),
      text && make("p", { text }),
      list?.length ? make("ul", { class: "plain_list" }, list.map(one => make("li", { text: one }))) : null,
      parts.map(part => part.element), extra, trouble,
      make("div", { class: "actions" },
        no !== false && button(no ?? t.text("cancel"), () => window.close()),
        make("button", { type: "submit", class: danger ? "danger" : "main", text: yes })));
    const window = make("dialog", { "aria-labelledby": "dialog_title" }, form);
    form.addEventListener("submit", async event => {
      event.preventDefault();
      if (form.ariaBusy === "true" || !checkAll(parts)) return;
      form.ariaBusy = "true";
      trouble.hidden = true;
      const values = Object.fromEntries(parts.map(part => [part.name, part.get()]));
      try {
        const more = await submit?.(values);
        answer = more ?? values;
        window.close();
      } catch (error) {
        const words = error.words ?? errorWords(error);
        if (!showError(parts, error, words)) {
          trouble.textContent = words;
          trouble.hidden = false;
        }
      } finally {
        form.ariaBusy = "false";
      }
    });
    window.addEventListener("cancel", event => no === false && event.preventDefault());
    window.addEventListener("close", () => {
      window.remove();
      done(answer);
    });
    document.body.append(window);
    window.showModal();
    (parts[0]?.input ?? window.querySelector(danger ? ".actions button" : ".actions [type=submit]")).focus();
  });
}

// A bar for what takes long. It cannot be closed by hand: who started it closes it.
export function progress(title) {
  styles();
  const bar = make("progress", { max: 1, "aria-label": title });
  const words = make("p", { "aria-live": "polite" });
  const window = make("dialog", { "aria-labelledby": "progress_title" }, make("h2", { id: "progress_title", text: title }), bar, words);
  window.addEventListener("cancel", event => event.preventDefault());
  document.body.append(window);
  window.showModal();
  return {
    step(share, said) {
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
      if (said !== undefined) words.textContent = said;
    },
    close() {
      window.close();
      window.remove();
    },
  };
}
