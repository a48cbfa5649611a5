// The controls of the run settings. Each returns the element for the page and what sets it.

import { el, make } from "./element.js";
import { pane } from "./overlays.js";

/** A row with a label. */
export const row = (label, ...content) => el("div", { class: "row" }, el("label", {}, label), ...content);

/**
 * A number beside a slider. As with the real ones, what is typed counts at once where it is in
 * range, and is put into the range when the field is left.
 */
export function number(purpose, { min, max, step = "any", wide = true }, get, set) {
  const slider = el("input", { type: "range", min, max, step });
  const field = make(purpose, "input", { type: "number", step });
  const show = () => {
    field.value = get() ?? "";
    slider.value = get() ?? min;
  };
  const take = (value) => {
    if (value === "" || Number.isNaN(Number(value))) return show();
    set(Math.min(max, Math.max(min, Number(value))));
    show();
  };
  field.addEventListener("input", () => {
    const value = Number(field.value);
    if (field.value !== "" && value >= min && value <= max) set(value);
  });
  field.addEventListener("change", () => take(field.value));
  field.addEventListener("blur", () => take(field.value));
  slider.addEventListener("input", () => take(slider.value));
  if (wide) field.before(slider);
  show();
  return field.outer;
}

/** A switch. */
export function toggle(purpose, get, set, { disabled = () => false } = {}) {
  const button = make(purpose, "button", { role: "switch", type: "button" });
  const show = () => {
    button.setAttribute("aria-checked", String(Boolean(get())));
    button.disabled = disabled();
  };
  button.addEventListener("click", () => {
    set(!get());
    show();
  });
  show();
  button.outer.show = show;
  return button.outer;
}

/** A select whose options come in a list above the page. */
export function select(purpose, options, get, set) {
  const value = el("span", { class: "mat-mdc-select-value-text" });
  const made = make(purpose, "mat-select", { role: "combobox", tabindex: "0", "aria-expanded": "false" }, value);
  const show = () => (value.textContent = get());
  made.addEventListener("click", () => {
    const place = made.getBoundingClientRect();
    const items = options.map((option) =>
      el(
        "mat-option",
        {
          role: "option",
          "aria-selected": String(option === get()),
          onclick: () => {
            close();
            set(option);
            show();
          },
        },
        option,
      ),
    );
    const list = el("div", { role: "listbox", class: "mat-mdc-select-panel" }, ...items);
    const close = pane(list, { left: place.left, top: place.bottom });
  });
  show();
  return made.outer;
}

/** Chips with texts, five at the most, and a field that adds one by Enter. */
export function chips(purpose, removePurpose, most, get, set) {
  const box = el("div", { class: "row chips" });
  const field = make(purpose, "input", { type: "text" });
  const show = () => {
    const made = get().map((text) =>
      el(
        "mat-chip",
        {},
        el("span", { class: "chip-text" }, text),
        make(
          removePurpose,
          "button",
          {
            type: "button",
            onclick: () => {
              set(get().filter((other) => other !== text));
              show();
            },
          },
          "×",
        ).outer,
      ),
    );
    box.replaceChildren(...made, field.outer);
    field.disabled = get().length >= most;
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const text = field.value;
    if (!text || get().includes(text) || get().length >= most) return;
    set([...get(), text]);
    field.value = "";
    show();
    field.focus();
  });
  show();
  return box;
}

/** A part of the panel that can be folded; what is folded is not in the page at all. */
export function fold(purpose, title, open, changed, content) {
  const button = make(purpose, "button", { type: "button" }, title);
  const body = el("div", { class: "folded" });
  const show = () => {
    button.setAttribute("aria-expanded", String(open));
    body.replaceChildren(...(open ? content() : []));
  };
  button.addEventListener("click", () => {
    open = !open;
    changed(open);
    show();
  });
  show();
  return el("section", {}, button.outer, body);
}
