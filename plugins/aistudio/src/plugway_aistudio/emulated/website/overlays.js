// What lies above the page: dialogs, menus, lists of a select, toasts, a survey.

import { el, kept, make } from "./element.js";

const container = () => document.querySelector(".cdk-overlay-container");

/** Shows a pane above a backdrop; returns what closes it. Escape closes it if it may. */
export function pane(content, { kind = "menu", backdrop = true, escape = true, left, top } = {}) {
  const box = el("div", { class: `cdk-overlay-pane ${kind}` }, content);
  if (left !== undefined) box.style.left = `${left}px`;
  if (top !== undefined) box.style.top = `${top}px`;
  const behind = el("div", { class: `cdk-overlay-backdrop${kind === "dialog" ? "" : " clear"}` });
  const press = (event) => {
    // Only the pane on top: Escape closes one after the other.
    if (event.key === "Escape" && escape && container().lastElementChild === box) close();
  };
  const close = () => {
    behind.remove();
    box.remove();
    document.removeEventListener("keydown", press);
  };
  if (kind !== "dialog") behind.addEventListener("click", close);
  document.addEventListener("keydown", press);
  if (backdrop) container().append(behind);
  container().append(box);
  return close;
}

/** Shows a dialog; returns what closes it. */
export function dialog(title, ...content) {
  return dialogThat({ escape: true }, title, ...content);
}

function dialogThat(options, title, ...content) {
  const inner = el("div", { class: "mat-mdc-dialog-inner-container" }, el("h2", {}, title), ...content);
  return pane(el("mat-dialog-container", { role: "dialog", "aria-label": title }, inner), {
    kind: "dialog",
    ...options,
  });
}

/** Asks in a dialog; gives whether the button that goes on was clicked. */
export function ask(title, text, onward, { purpose = null, refuse = "Cancel" } = {}) {
  return new Promise((done) => {
    const answer = (value) => () => {
      close();
      done(value);
    };
    const yes = { onclick: answer(true) };
    const close = dialogThat(
      { escape: false },
      title,
      el("p", {}, text),
      el("button", { onclick: answer(false) }, refuse),
      purpose ? make(purpose, "button", yes, onward).outer : el("button", yes, onward),
    );
  });
}

/** Opens a menu below an element. */
export function menu(anchor, ...items) {
  const place = anchor.getBoundingClientRect();
  const list = el("div", { role: "menu", class: "mat-mdc-menu-panel" }, ...items);
  // Above the anchor where there is no room below it.
  const top = place.bottom + 200 > innerHeight ? Math.max(0, place.top - 120) : place.bottom;
  return pane(list, { left: Math.min(place.left, innerWidth - 240), top });
}

/** Shows a message for a while. */
export function toast(text, kind = "error") {
  let box = document.querySelector(".toasts");
  if (!box) document.body.append((box = el("div", { class: "toasts" })));
  const made = el("div", { class: kept("toast") ? `toast ${kind}` : "x-toast", role: "alert" }, el("span", { class: "message" }, text));
  box.append(made);
  setTimeout(() => made.remove(), 10_000);
}

/** Covers the page as it is told, with whatever comes unasked. */
export function cover(told) {
  if (told.dialog) {
    const close = dialog(
      told.dialog.text || "What's new",
      el("button", { "aria-label": "Close", onclick: () => close() }, "Got it"),
    );
  }
  if (told.welcome) {
    // Terms that somebody has to agree to: Escape does not do.
    const close = dialogThat(
      { escape: false },
      told.welcome.text || "Welcome to AI Studio",
      el("p", {}, "Please read the terms."),
      el("button", { class: "ms-button-primary", onclick: () => close() }, "I accept"),
    );
  }
  if (told.survey) {
    document.body.append(
      el("iframe", { id: "google-hats-survey", srcdoc: "<p>How do you like it?</p>" }),
    );
  }
}
