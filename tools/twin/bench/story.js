// The stories: scenario files told on this very twin, line by line, with a mark where it stands.

import {$, h, attribute, text, words} from "./dom.js";

export class Stories {
  constructor(live) {
    this.live = live;
    this.name = null;
    this.rows = [];
    this.buttons = [];
    this.list = h("div", {class: "story_list"});
    this.stop = h("button", {type: "button", hidden: true, onclick: () => live.post("scenario", {stop: true})}, "Stop the story");
    this.told = h("ol", {class: "told", tabindex: 0, "aria-label": "The story's lines", hidden: true});
    this.end = h("p", {class: "words", role: "status"});
    this.failure = h("pre", {class: "failure"});
    this.chapter = h("select", {"aria-label": "Chapter", onchange: () => this.show_chapter()});
    $("stories").append(h("div", {class: "row"}, this.chapter, this.stop), this.end, this.list, this.told, this.failure);
  }

  async load() {
    this.all = (await this.live.get("scenarios")).scenarios;
    const chapters = [...new Set(this.all.map(story => story.chapter))];
    this.chapter.replaceChildren(...chapters.map(name => h("option", {value: name}, words(name || "all"))));
    this.show_chapter();
  }

  show_chapter() {
    const shown = this.all.filter(story => story.chapter === this.chapter.value);
    this.buttons = shown.map(story =>
      h(
        "button",
        {type: "button", title: story.text, disabled: this.running, onclick: () => this.live.post("scenario", {name: story.name})},
        story.title,
        h("small", {}, [story.rows.join(", "), story.fresh ? "wants a charger that is new" : ""].filter(Boolean).join(" · ")),
      ),
    );
    this.list.replaceChildren(...this.buttons);
  }

  async open(name) {
    this.name = name;
    const {lines} = await this.live.get("scenarios/" + encodeURIComponent(name));
    if (this.name !== name) return;
    this.rows = [];
    lines.forEach((line, n) => {
      const said = /^\s*#\s*(.*)/.exec(line),
        last = this.rows.at(-1);
      if (said && said[1] && last && !last.step && last.number === n) {
        // a comment goes on
        last.element.append(" " + said[1]);
        last.number = n + 1;
      } else if (said ? said[1] : line.trim())
        this.rows.push({number: n + 1, step: !said, element: h("li", {class: said ? "say" : "step"}, said ? said[1] : line)});
    });
    this.told.replaceChildren(...this.rows.map(row => row.element));
    attribute(this.told, "hidden", null);
    this.line = -1;
  }

  update({story}) {
    const running = Boolean(story?.running);
    if (running !== this.running) {
      this.running = running;
      attribute(this.stop, "hidden", running ? null : "");
      attribute(this.list, "hidden", running ? "" : null);
      this.buttons.forEach(button => {
        button.disabled = running;
      });
    }
    if (!story) return;
    if (story.name !== this.name) this.open(story.name);
    if (story.line !== this.line || running !== this.was_running) {
      this.line = story.line;
      this.was_running = running;
      this.mark(story, running);
    }
    const title = this.all?.find(one => one.name === story.name)?.title ?? words(story.name);
    text(
      this.end,
      running
        ? `${title}: ${story.line ? `line ${story.step} of ${story.steps}` : "first the world is made calm"}`
        : story.failure === null
          ? `${title}: it went as told.`
          : story.failure === "stopped"
            ? `${title}: stopped.`
            : `${title}: it went otherwise.`,
    );
    text(this.failure, running || !story.failure || story.failure === "stopped" ? "" : story.failure);
  }

  mark(story, running) {
    for (const {number, step, element} of this.rows) {
      const here = number === story.line,
        whole = !running && story.failure === null;
      const mark = !step
        ? ""
        : here && running
          ? "now"
          : here && story.failure && story.failure !== "stopped"
            ? "broken"
            : number < story.line || whole
              ? "done"
              : "";
      element.className = (step ? "step" : "say") + (mark ? " " + mark : "");
      if (here) this.told.scrollTop = element.offsetTop - this.told.offsetTop - this.told.clientHeight / 2;
    }
  }
}
