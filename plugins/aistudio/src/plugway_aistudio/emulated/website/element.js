// Makes elements: plain ones, and those whose names depend on the layout.

import { config } from "./config.js";
import { NAMES } from "./names.js";

/** Makes an element. Keys that begin with "on" are listeners, others are attributes. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Makes the element that serves a purpose, named as the layout has it. Its `outer` is what is
 * put into the page: the element itself, or what is around it.
 */
export function make(purpose, tag, attributes = {}, ...children) {
  const { wrap = [], attrs = {} } = names(purpose);
  const classes = [attributes.class, attrs.class].filter(Boolean).join(" ") || null;
  const made = el(tag, { ...attributes, ...attrs, class: classes }, ...children);
  made.outer = [...wrap].reverse().reduce((inner, around) => {
    const [name, marks = {}] = typeof around === "string" ? [around] : around;
    return el(name, marks, inner);
  }, made);
  return made;
}

function names(purpose) {
  // Somebody gave it another name over night: nothing that anybody looks for is left.
  if (config.renamed.includes(purpose)) return { wrap: ["div"], attrs: { class: "x-unknown" } };
  return NAMES[purpose][config.layout];
}

/** Says whether a purpose keeps its name. */
export const kept = (purpose) => !config.renamed.includes(purpose);
