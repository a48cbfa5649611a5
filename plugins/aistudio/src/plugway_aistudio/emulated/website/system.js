// The panel of the system instructions: it covers the run settings until it is closed.

import { el, make } from "./element.js";
import { pane } from "./overlays.js";

/** Opens it. */
export function systemPanel(settings) {
  const text = make("system", "textarea", {
    placeholder: "Optional tone and style instructions for the model",
    oninput: () => (settings.system = text.value),
  });
  text.value = settings.system;
  const done = make("system_close", "button", { type: "button", onclick: () => close() }, "×");
  const content = el("ms-system-instructions-panel", {}, el("h3", {}, "System instructions"), done.outer, text.outer);
  const close = pane(content, { kind: "side", backdrop: false });
}
