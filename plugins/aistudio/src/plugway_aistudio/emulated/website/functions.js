// The dialog of function declarations.

import { el, make } from "./element.js";
import { dialog } from "./overlays.js";
import { wrong } from "./schema.js";

/** Opens it; what is saved stays, from one chat to the next. */
export function editFunctions(settings) {
  const text = make("functions_text", "textarea", { spellcheck: "false", "aria-label": "Code editor" });
  text.value = settings.functions;
  const problem = el("div", { class: "error-message", role: "alert", hidden: true });
  const show = (message) => {
    problem.textContent = message;
    problem.hidden = !message;
  };
  text.addEventListener("input", () => show(""));
  const save = () => {
    const message = text.value.trim() ? wrong(text.value) : "";
    show(message);
    if (message) return;
    settings.functions = text.value.trim();
    close();
  };
  const editor = el("div", { role: "tabpanel" });
  const code = make("functions_tab", "button", { type: "button", "aria-selected": "false" }, "Code Editor");
  const visual = el("button", { type: "button", role: "tab", "aria-selected": "true" }, "Visual Editor");
  const turn = (tab) => {
    for (const each of [visual, code]) each.setAttribute("aria-selected", String(each === tab));
    editor.replaceChildren(tab === code ? text.outer : el("p", {}, "Add a function"));
  };
  visual.addEventListener("click", () => turn(visual));
  code.addEventListener("click", () => turn(code));
  turn(visual);
  const close = dialog(
    "Function declarations",
    el("div", { role: "tablist" }, visual, code.outer),
    editor,
    problem,
    el("button", { type: "button", "aria-label": "Close", onclick: () => close() }, "Cancel"),
    make("functions_reset", "button", { type: "button", onclick: () => { text.value = ""; show(""); } }, "Reset").outer,
    make("functions_save", "button", { type: "button", onclick: save }, "Save").outer,
  );
}
