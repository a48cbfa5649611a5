// One chat after the other: what was said in it, and the answer that comes.

import { config } from "./config.js";
import { el, kept } from "./element.js";
import { ask, cover, toast } from "./overlays.js";
import { request } from "./request.js";
import { settings } from "./settings.js";
import { Frames, parse } from "./sparse.js";
import { byKind } from "./trouble.js";
import { ModelTurn, userTurn } from "./turns.js";

/** Is the chat that the page shows; `changed` is called whenever something is new. */
export class Chat {
  constructor(changed) {
    this.changed = changed;
    this.session = el("ms-chat-session");
    this.callouts = el("div", { class: "callouts" });
    this.temporary = false;
    this.clear();
  }

  clear() {
    this.stop();
    clearTimeout(this.saving);
    this.contents = [];
    this.saved = true;
    this.session.replaceChildren(el("ms-zero-state", {}, "What will you build?"));
    this.callouts.replaceChildren();
  }

  /** Something would be lost by going on to another chat. */
  get unsaved() {
    return this.contents.length > 0 && !this.saved;
  }

  get generating() {
    return this.running !== null && this.running !== undefined;
  }

  /** Asks; the answer comes by and by. */
  async run(text, files) {
    const media = files.map((file) => [null, null, [file.type, file.data]]);
    this.contents.push([text ? [...media, [null, text]] : media, "user"]);
    const turn = new ModelTurn();
    this.session.querySelector("ms-zero-state")?.remove();
    this.session.append(userTurn(text, files), turn.outer);
    this.callouts.replaceChildren();
    this.saved = false;
    const run = { turn, frames: new Frames(), finished: false, told: {}, count: 0, xhr: new XMLHttpRequest() };
    this.running = run;
    this.changed();
    this.save();
    const body = await request(this.contents, this.temporary);
    if (this.running === run) this.send(run, body);
  }

  /** Sooner or later a chat gets an address of its own, also amid an answer. */
  save() {
    if (this.temporary) return;
    this.saving = setTimeout(() => {
      this.saved = true;
      if (!location.pathname.endsWith("/new_chat")) return;
      const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => (byte % 36).toString(36));
      history.pushState({}, "", `/prompts/${id.join("")}`);
    }, config.autosaveSeconds * 1000);
  }

  send(run, body) {
    const { xhr } = run;
    xhr.open("POST", `${config.service}/GenerateContent`);
    xhr.withCredentials = true;
    xhr.setRequestHeader("Content-Type", "application/json+protobuf");
    xhr.setRequestHeader("X-User-Agent", "grpc-web-javascript/0.1");
    xhr.onreadystatechange = () => {
      if (xhr.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return;
      run.told = byKind(JSON.parse(xhr.getResponseHeader(config.told) ?? "[]"));
      this.misbehave(run);
    };
    xhr.onprogress = () => this.read(run);
    xhr.onload = () => this.loaded(run);
    xhr.onerror = () => this.fail(run, "Failed to generate content. Please try again.");
    xhr.send(body);
  }

  read(run) {
    if (run.xhr.status !== 200 || this.running !== run) return;
    try {
      for (const frame of run.frames.take(run.xhr.responseText)) this.show(run, frame);
    } catch {
      run.xhr.abort();
      this.fail(run, "An internal error has occurred.");
    }
  }

  show(run, frame) {
    run.count++;
    const candidate = frame[0]?.[0];
    if (!candidate) {
      if (frame[1]) {
        run.finished = true;
        run.turn.append("ms-cmark-node", frame[1][2] ?? "Content not permitted");
      }
      return this.misbehave(run);
    }
    for (const part of candidate[0]?.[0] ?? []) run.turn.add(part);
    if (candidate[6]) run.turn.cite(candidate[6]);
    if (candidate[1]) run.finished = true;
    this.misbehave(run);
  }

  /** Does in the middle of an answer what the page is told to do. */
  misbehave(run) {
    for (const [kind, each] of Object.entries(run.told)) {
      if (each.done || run.count < each.after) continue;
      each.done = true;
      if (kind === "navigate") location.assign("/");
      else if (kind === "reload") location.reload();
      else cover({ [kind]: each });
    }
  }

  loaded(run) {
    if (run.xhr.status !== 200) return this.refused(run);
    this.read(run);
    if (this.running !== run) return;
    if (!run.finished) return this.fail(run, "An internal error has occurred.");
    this.contents.push([run.turn.parts, "model"]);
    if (run.told.no_end) return;
    this.end(run);
  }

  end(run) {
    if (this.running !== run) return;
    this.running = null;
    run.turn.end();
    this.changed();
  }

  refused(run) {
    let [code, message] = [run.xhr.status, ""];
    try {
      [, [code, message]] = parse(run.xhr.responseText);
    } catch {
      message = "An internal error has occurred.";
    }
    // The sign-in has ended: loading the page anew leads to it.
    if (run.xhr.status === 401) location.reload();
    if (run.xhr.status === 429) this.quota(message);
    this.fail(run, `Failed to generate content: ${message}. Please try again. (${code})`);
  }

  quota() {
    const old = config.layout === "old";
    const text = old
      ? "You are out of free generations. Come back later."
      : "Failed to generate content: user has exceeded quota. Please try again later.";
    const kind = old ? "warning-callout" : "error-callout";
    const message = el("div", { class: "message" }, text);
    this.callouts.replaceChildren(el(kept("callout") ? "ms-callout" : "x-callout", { class: kind, role: "alert" }, message));
  }

  fail(run, message) {
    if (this.running !== run) return;
    toast(message);
    this.end(run);
  }

  /** Ends the answer, if one comes. */
  stop() {
    const run = this.running;
    if (!run) return;
    run.xhr.abort();
    this.end(run);
  }

  /** Begins another chat, unless somebody would rather not lose this one. */
  async leave() {
    if (!this.unsaved && !this.generating) return true;
    return ask("Discard this chat?", "It will not be saved.", "Discard and continue", { purpose: "discard" });
  }
}
