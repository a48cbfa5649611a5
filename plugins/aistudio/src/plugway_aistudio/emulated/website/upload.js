// Files beside the text.

import { config } from "./config.js";
import { el, kept, make } from "./element.js";
import { ask, menu, toast } from "./overlays.js";
import { sleep, trouble } from "./trouble.js";

/** Holds the files of one prompt; `changed` is called whenever something is new. */
export class Files {
  constructor(changed) {
    this.changed = changed;
    this.all = [];
    this.shown = el("ms-prompt-media", { class: "media" });
    const open = { type: "button", onclick: () => this.open(this.button) };
    this.button = make("add_media", "button", open, "+");
  }

  get busy() {
    return this.all.some((file) => !file.ready);
  }

  clear() {
    this.all = [];
    this.shown.replaceChildren();
  }

  open(anchor) {
    const input = el("input", { type: "file", multiple: true, hidden: true });
    input.addEventListener("change", () => {
      close();
      this.take([...input.files]);
    });
    input.addEventListener("click", (event) => event.stopPropagation());
    const known = config.layout === "old" ? "Upload File" : "Upload a file";
    const title = kept("upload_item") ? known : "From this device";
    const item = el("button", { role: "menuitem", type: "button", "aria-label": title }, title);
    item.addEventListener("click", () => input.click());
    item.append(input);
    const drive = el("button", { role: "menuitem", type: "button" }, "My Drive");
    const close = menu(anchor, drive, item);
  }

  async take(files) {
    const told = await trouble("attach");
    if (told.consent) {
      const text = told.consent.text || "Agree that you have the rights to what you upload.";
      if (!(await ask("Upload and share", text, "Agree"))) return;
    }
    await Promise.all(files.map((file) => this.add(file)));
  }

  async add(file) {
    const bar = el("mat-progress-bar", { role: "progressbar" });
    const entry = { name: file.name, type: file.type || "application/octet-stream", ready: false };
    const remove = el("button", { type: "button", "aria-label": `Remove ${file.name}` }, "×");
    const thumb = el("div", { class: "thumb", "data-state": "uploading" }, file.name, bar, remove);
    remove.addEventListener("click", () => {
      this.all = this.all.filter((other) => other !== entry);
      thumb.remove();
      this.changed();
    });
    this.all.push(entry);
    this.shown.append(thumb);
    this.changed();
    try {
      [entry.data] = await Promise.all([base64(file), sleep(config.uploadSeconds)]);
    } catch {
      toast(`Failed to upload ${file.name}.`);
      return remove.click();
    }
    entry.ready = true;
    bar.remove();
    thumb.dataset.state = "ready";
    this.changed();
  }
}

function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}
