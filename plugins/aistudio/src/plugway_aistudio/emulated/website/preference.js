// What the page remembers from one load to the next, in the browser's local storage.

const KEY = "aiStudioUserPreference";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export const preference = {
  get promptModel() {
    return kept().promptModel ?? "";
  },
  get areToolsOpen() {
    return kept().areToolsOpen === true;
  },
  get isAdvancedOpen() {
    return kept().isAdvancedOpen === true;
  },
  keep(changes) {
    localStorage.setItem(KEY, JSON.stringify({ ...kept(), ...changes }));
  },
};
