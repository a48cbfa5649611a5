// What each element of the page is called (reference: "Selectors"): the newest names and older
// ones. Where the reference knows one name, both layouts have it; where it knows none, as for
// the button of the system instructions, the name is this page's own.

const both = (names) => ({ new: names, old: names });
const label = (text) => ({ "aria-label": text });

export const NAMES = {
  prompt: {
    new: { wrap: ["ms-prompt-box"], attrs: { class: "textarea", ...label("Enter a prompt") } },
    old: {
      wrap: ["ms-prompt-input-wrapper", "ms-chunk-input", "ms-autosize-textarea"],
      attrs: label("Type something or tab to choose an example prompt"),
    },
  },
  run: {
    new: { wrap: ["ms-run-button"], attrs: { type: "submit", ...label("Run") } },
    old: { wrap: ["run-button"], attrs: { type: "button", class: "run-button", ...label("Run") } },
  },
  model_name: {
    new: { attrs: { class: "subtitle", "data-test-id": "model-name" } },
    old: { wrap: [["div", { class: "model-selector-card" }]], attrs: { class: "title" } },
  },
  system_open: both({
    attrs: { class: "system-instructions-card", ...label("System instructions") },
  }),
  system: both({ attrs: label("System instructions") }),
  system_close: both({ attrs: label("Close panel") }),
  temperature: {
    new: { wrap: ["ms-slider"], attrs: { min: "0", max: "2", step: "0.05" } },
    old: {
      attrs: { class: "slider-number-input", "aria-valuemin": "0", "aria-valuemax": "2" },
    },
  },
  top_p: {
    new: { wrap: ["ms-slider"], attrs: { min: "0", max: "1", step: "0.05" } },
    old: {
      attrs: { class: "slider-number-input", "aria-valuemin": "0", "aria-valuemax": "1" },
    },
  },
  max_tokens: both({ attrs: label("Maximum output tokens") }),
  stop: both({ attrs: label("Add stop token") }),
  stop_remove: both({ attrs: { class: "remove-button", ...label("Remove stop token") } }),
  thinking: {
    new: { wrap: ["mat-slide-toggle"], attrs: label("Toggle thinking mode") },
    old: { wrap: [["mat-slide-toggle", { "data-test-toggle": "enable-thinking" }]] },
  },
  budget_manual: both({
    wrap: ["mat-slide-toggle"],
    attrs: label("Toggle thinking budget between auto and manual"),
  }),
  budget: both({
    wrap: [["div", { "data-test-id": "user-setting-budget-animation-wrapper" }], "ms-slider"],
  }),
  level: both({ attrs: label("Thinking Level") }),
  tools_panel: both({ attrs: label("Expand or collapse tools") }),
  advanced_panel: both({ attrs: label("Expand or collapse advanced settings") }),
  search: both({
    wrap: [["div", { "data-test-id": "searchAsAToolTooltip" }], "mat-slide-toggle"],
    attrs: label("Grounding with Google Search"),
  }),
  url_context: both({ wrap: ["mat-slide-toggle"], attrs: label("Browse the url context") }),
  code_execution: both({
    wrap: [["div", { "data-test-id": "codeExecutionTooltip" }], "mat-slide-toggle"],
    attrs: label("Code execution"),
  }),
  functions: both({
    wrap: [["div", { "data-test-id": "functionCallingTooltip" }], "mat-slide-toggle"],
    attrs: label("Function calling"),
  }),
  functions_edit: both({ attrs: { class: "edit-function-declarations-button" } }),
  functions_tab: both({ attrs: { role: "tab" } }),
  functions_text: both({ wrap: ["ms-text-editor"] }),
  functions_save: both({ attrs: label("Save the current function declarations") }),
  functions_reset: both({ attrs: label("Reset the current function declarations") }),
  new_chat: {
    new: { attrs: { "data-test-clear": "outside", ...label("New chat") } },
    old: { attrs: label("New chat") },
  },
  discard: both({ attrs: { class: "ms-button-primary" } }),
  more_actions: both({ attrs: label("View more actions") }),
  temporary: {
    new: { attrs: { "data-test-incognito-toggle": "", ...label("Temporary chat") } },
    old: { attrs: label("Temporary chat toggle") },
  },
  add_media: {
    new: { attrs: { "data-test-id": "add-media-button", ...label("Insert images, videos, files") } },
    old: { attrs: label("Insert assets such as images, videos, files, or audio") },
  },
  // Told by their tag, their class or their words: `x-…` is one that nobody knows.
  temporary_on: both({}),
  upload_item: both({}),
  toast: both({}),
  callout: both({}),
  turn: both({ wrap: ["ms-chat-turn"], attrs: { class: "chat-turn-container" } }),
  edit: both({ attrs: { class: "toggle-edit-button" } }),
};
