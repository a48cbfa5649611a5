// The box at the bottom: text, files, and Run.

import { make, el } from "./element.js";
import { ask, toast } from "./overlays.js";
import { settings } from "./settings.js";
import { trouble } from "./trouble.js";
import { Files } from "./upload.js";

/** Is the box; it asks through a chat. */
export class Prompt {
  constructor(chat) {
    this.chat = chat;
    this.files = new Files(() => this.filled());
    this.text = make("prompt", "textarea", { rows: "1" });
    this.run = make("run", "button", {}, "Run");
    this.stuckUntil = 0;
    this.asking = false;
    this.filledBefore = false;
    this.text.addEventListener("input", () => this.filled());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.run.click();
    });
    this.run.addEventListener("click", (event) => {
      event.preventDefault();
      this.clicked();
    });
    this.outer = el(
      "form",
      { class: "prompt" },
      this.files.button.outer,
      el("div", { class: "entry" }, this.files.shown, this.text.outer),
      this.run.outer,
    );
    this.show();
  }

  get empty() {
    return !this.text.value.trim() && this.files.all.length === 0;
  }

  get stuck() {
    return performance.now() < this.stuckUntil;
  }

  clear() {
    this.text.value = "";
    this.files.clear();
    this.filledBefore = false;
    this.show();
  }

  /** Notices that something came in, the first time also to ask what goes wrong then. */
  async filled() {
    this.show();
    if (this.empty || this.filledBefore) {
      this.filledBefore = !this.empty;
      return;
    }
    this.filledBefore = true;
    this.asking = true;
    this.show();
    try {
      this.stick((await trouble("typed")).stuck_run);
    } finally {
      this.asking = false;
      this.show();
    }
  }

  /** Leaves Run disabled for a while, or until the page is loaded anew. */
  stick(told) {
    if (!told) return;
    this.stuckUntil = told.seconds ? performance.now() + told.seconds * 1000 : Infinity;
    if (told.seconds) setTimeout(() => this.show(), told.seconds * 1000 + 1);
  }

  show() {
    const { generating } = this.chat;
    const idle = this.stuck || this.asking || this.empty || this.files.busy || !settings.model;
    this.run.disabled = !generating && idle;
    this.run.textContent = generating ? "Stop" : "Run";
    // What nobody knows by name has no label either.
    if (this.run.hasAttribute("aria-label")) {
      this.run.setAttribute("aria-label", generating ? "Stop generating" : "Run");
    }
  }

  async clicked() {
    if (this.chat.generating) return this.chat.stop();
    const told = await trouble("run");
    if (this.chat.generating || this.empty || told.run_ignored) return;
    if (told.toast) return toast(told.toast.text || "Failed to generate content. Please try again.");
    if (told.confirm) {
      const text = told.confirm.text || "This will use your quota.";
      if (!(await ask("Before you continue", text, "Continue"))) return;
    }
    const [text, files] = [this.text.value, this.files.all];
    this.clear();
    await this.chat.run(text, files);
  }
}
