// The turns of a chat in the page.

import { el, make } from "./element.js";
import { menu } from "./overlays.js";

/** Shows what the user said. */
export function userTurn(text, files) {
  const content = el("div", { class: "turn-content" }, ...files.map((file) => el("ms-file-chunk", {}, file.name)), text);
  return make("turn", "div", { class: "user" }, content).outer;
}

/** Shows an answer while it comes. */
export class ModelTurn {
  constructor() {
    this.content = el("div", { class: "turn-content" });
    this.actions = el("div", { class: "actions" });
    this.outer = make("turn", "div", { class: "model" }, this.content, this.actions).outer;
    this.text = "";
    this.last = null;
    this.parts = [];
  }

  /** Takes a part of the answer. */
  add(part) {
    this.parts.push(part);
    const [text, thought] = [part[1], part[12]];
    if (typeof text === "string" && text) {
      if (!thought) this.text += text;
      this.append(thought ? "ms-thought-chunk" : "ms-cmark-node", text);
      return;
    }
    this.last = null;
    if (part[2]) {
      const [type, data] = part[2];
      const url = `data:${type};base64,${data}`;
      this.content.append(el("ms-image-chunk", {}, el("img", { src: url, alt: "Generated" })));
    }
    if (part[7]) this.content.append(block("ms-executable-code-chunk", part[7][0], part[7][1]));
    if (part[8]) this.content.append(block("ms-code-execution-result-chunk", "Result", part[8][1]));
    if (part[10]) {
      const given = JSON.stringify(object(part[10][1]), null, 2);
      this.content.append(block("ms-function-call-chunk", part[10][0], given));
    }
  }

  append(tag, text) {
    if (this.last === null || this.last.localName !== tag) {
      this.last = el(tag, tag === "ms-cmark-node" ? { class: "cmark-node" } : {});
      this.content.append(this.last);
    }
    this.last.append(text);
  }

  /** Shows where the answer is from. */
  cite(citations) {
    const sources = (citations?.[0] ?? []).map((each) => el("a", { href: each[2] }, each[3] ?? each[2]));
    if (sources.length) this.content.append(el("ms-grounding-sources", {}, ...sources));
  }

  /** Shows that the answer is done. */
  end() {
    const edit = make("edit", "button", { type: "button", "aria-label": "Edit" }, "Edit");
    const field = el("textarea", { "aria-label": "Edit message" });
    edit.addEventListener("click", () => {
      const editing = edit.getAttribute("aria-label") === "Edit";
      edit.setAttribute("aria-label", editing ? "Stop editing" : "Edit");
      field.value = this.text;
      if (editing) this.content.after(field);
      else field.remove();
    });
    const copy = el("button", { role: "menuitem", onclick: () => navigator.clipboard.writeText(this.text) }, "Copy markdown");
    const options = el("button", { "aria-label": "Open options", onclick: () => menu(options, copy) }, "⋮");
    this.actions.append(edit.outer, options);
  }
}

const block = (tag, title, code) =>
  el(tag, {}, el("ms-code-block", {}, el("div", { class: "title" }, title), el("pre", {}, el("code", {}, code))));

function object(struct) {
  return Object.fromEntries((struct?.[0] ?? []).map(([key, value]) => [key, plain(value)]));
}

function plain(value) {
  if (typeof value[1] === "number") return value[1];
  if (typeof value[2] === "string") return value[2];
  if (value[3] !== null && value[3] !== undefined) return Boolean(value[3]);
  if (value[4]) return object(value[4]);
  return value[5] ? (value[5][0] ?? []).map(plain) : null;
}
