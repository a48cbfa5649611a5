// The run settings: what they are, and the panel that shows them. They stay as they are from one
// chat to the next, until the page is loaded anew.

import { chips, fold, number, row, select, toggle } from "./controls.js";
import { config } from "./config.js";
import { el, make } from "./element.js";
import { editFunctions } from "./functions.js";
import { preference } from "./preference.js";
import { systemPanel } from "./system.js";

export const CODE = 9, FUNCTIONS = 10, SEARCH = 12, BROWSE = 13;
export const THINKING = 25, BUDGET = 35, LEVEL = 52;

const MOST_STOPS = 5;
const LEVELS = [null, "Low", "Medium", "High", "Minimal"];
const BUDGETS = { min: 0, max: 32768, step: 1 };

/** The settings; `model` is the one they belong to. */
export const settings = {
  model: null,
  system: "",
  temperature: 1,
  topP: 0.95,
  maxTokens: 65536,
  stop: [],
  thinking: true,
  manual: false,
  budget: 8192,
  level: null,
  search: false,
  urlContext: false,
  codeExecution: false,
  functionsOn: false,
  functions: "",
};

/** Takes a model, with the settings that are usual for it. */
export function useModel(model) {
  Object.assign(settings, {
    model,
    temperature: model.temperature,
    topP: model.topP,
    maxTokens: model.outputLimit,
    level: model.levels.length ? LEVELS[model.levels.at(-1)] : null,
  });
}

/** Says whether the model has a capability. */
export const can = (code) => settings.model !== null && settings.model.codes.includes(code);

/** The code of the level, as requests have it. */
export const levelCode = () => LEVELS.indexOf(settings.level);

const bound = (name) => [() => settings[name], (value) => (settings[name] = value)];

function thinkingRows() {
  const rows = [];
  const again = () => draw();
  const set = (name) => (value) => {
    settings[name] = value;
    again();
  };
  if (can(THINKING)) {
    rows.push(row("Thinking mode", toggle("thinking", () => settings.thinking, set("thinking"))));
  }
  if (can(BUDGET) && (settings.thinking || !can(THINKING))) {
    rows.push(
      row("Set thinking budget", toggle("budget_manual", () => settings.manual, set("manual"))),
    );
    if (settings.manual) {
      rows.push(row("Budget", number("budget", BUDGETS, ...bound("budget"))));
    }
  }
  if (can(LEVEL)) {
    const levels = settings.model.levels.map((code) => LEVELS[code]);
    rows.push(row("Thinking level", select("level", levels, ...bound("level"))));
  }
  return rows;
}

function toolRows() {
  const off = { disabled: () => settings.functionsOn };
  const rows = [];
  if (can(CODE)) {
    rows.push(row("Code execution", toggle("code_execution", ...bound("codeExecution"))));
  }
  if (can(FUNCTIONS)) rows.push(functionRow());
  if (can(SEARCH)) {
    rows.push(row("Grounding with Google Search", toggle("search", ...bound("search"), off)));
  }
  if (can(BROWSE)) {
    rows.push(row("URL context", toggle("url_context", ...bound("urlContext"), off)));
  }
  return rows;
}

function functionRow() {
  const turn = (on) => {
    settings.functionsOn = on;
    // The model takes either functions or these.
    if (on) Object.assign(settings, { search: false, urlContext: false });
    draw();
  };
  const edit = make(
    "functions_edit",
    "button",
    { type: "button", disabled: !settings.functionsOn, onclick: () => editFunctions(settings) },
    "Edit",
  );
  return row("Function calling", toggle("functions", () => settings.functionsOn, turn), edit.outer);
}

function advancedRows() {
  const limits = { min: 1, max: settings.model.outputLimit, step: 1, wide: false };
  return [
    row("Add stop sequence", chips("stop", "stop_remove", MOST_STOPS, ...bound("stop"))),
    row("Output length", number("max_tokens", limits, ...bound("maxTokens"))),
    row("Top P", number("top_p", { min: 0, max: 1, step: 0.05 }, ...bound("topP"))),
  ];
}

/** Draws the panel anew; a narrow page has none, and one without models has an empty one. */
export function draw() {
  const place = document.querySelector(".settings-place");
  if (innerWidth < config.narrow) return place.replaceChildren();
  const panel = el("ms-run-settings");
  if (settings.model !== null) {
    const { id, title } = settings.model;
    const shown = config.layout === "old" ? title : id;
    const name = make("model_name", "span", {}, shown);
    panel.append(
      el(
        "ms-model-selector",
        {},
        config.layout === "old" ? null : el("span", { class: "model-title-text" }, title),
        " ",
        name.outer,
      ),
      make("system_open", "button", { type: "button", onclick: () => systemPanel(settings) }, "System instructions").outer,
      row("Temperature", number("temperature", { min: 0, max: 2, step: 0.05 }, ...bound("temperature"))),
      ...thinkingRows(),
      fold("tools_panel", "Tools", preference.areToolsOpen, (open) => preference.keep({ areToolsOpen: open }), toolRows),
      fold("advanced_panel", "Advanced settings", preference.isAdvancedOpen, (open) => preference.keep({ isAdvancedOpen: open }), advancedRows),
    );
  }
  place.replaceChildren(panel);
}
