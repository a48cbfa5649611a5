// New chat, and what is in the bar above the chat.

import { config } from "./config.js";
import { el, kept, make } from "./element.js";
import { cover, menu } from "./overlays.js";
import { settings } from "./settings.js";
import { trouble } from "./trouble.js";

/** Builds the button that begins a new chat. */
export function newChat(chat, prompt, changed) {
  const begin = async () => {
    if (!(await chat.leave())) return;
    chat.clear();
    prompt.clear();
    if (!config.temporaryStays) chat.temporary = false;
    const model = settings.model ? `?model=${settings.model.id}` : "";
    history.pushState({}, "", `/prompts/new_chat${model}`);
    changed();
    const told = await trouble("chat");
    prompt.stick(told.stuck_run);
    prompt.show();
    cover(told);
  };
  return make("new_chat", "button", { type: "button", onclick: begin }, "New chat").outer;
}

const indicator = () => (kept("temporary_on") ? "ms-incognito-mode-indicator" : "x-indicator");

/** Builds the bar, with the switch of temporary chats in it or in its menu. */
export function toolbar(chat, changed) {
  const flip = () => {
    chat.temporary = !chat.temporary;
    changed();
  };
  const bar = el("ms-toolbar");
  const button = (attributes) => make("temporary", "button", { type: "button", onclick: flip, ...attributes }, "Temporary chat");
  const open = () => {
    const items = [el("button", { role: "menuitem" }, "Share")];
    if (config.temporaryIn === "menu") {
      const item = button({ role: "menuitem" });
      if (chat.temporary && kept("temporary_on")) item.append(el("span", { "data-test-incognito-checkmark": true }, "✓"));
      item.addEventListener("click", () => close());
      items.push(item.outer);
    }
    const close = menu(more, ...items);
  };
  const more = make("more_actions", "button", { type: "button", onclick: open }, "⋮");
  const draw = () => {
    bar.replaceChildren(
      el("span", { class: "title" }, chat.temporary ? "Temporary chat" : "Untitled prompt"),
      ...(chat.temporary ? [el(indicator(), {}, "Temporary")] : []),
      ...(config.temporaryIn === "bar" ? [button({ "aria-pressed": String(chat.temporary) }).outer] : []),
      more.outer,
    );
  };
  draw();
  return { bar, draw };
}
