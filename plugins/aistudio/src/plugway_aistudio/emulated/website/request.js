// A request for an answer, as the service takes it. Its places are told in `asked.py`.

import { config } from "./config.js";
import { BROWSE, BUDGET, CODE, FUNCTIONS, LEVEL, SEARCH, THINKING } from "./settings.js";
import { can, levelCode, settings } from "./settings.js";

let sent = 0;

/** Writes a request; gives its body. */
export async function request(contents, temporary) {
  const wanted = new Array(17).fill(null);
  wanted[1] = settings.stop.length ? settings.stop : null;
  wanted[3] = settings.maxTokens;
  wanted[4] = settings.temperature;
  wanted[5] = settings.topP;
  wanted[16] = thinking();
  const system = settings.system ? [[[null, settings.system]], "user"] : null;
  const made = [
    `models/${settings.model.id}`, contents, null, wanted, await token(contents), system, tools(),
    null, null, temporary ? 1 : null,
  ];
  return JSON.stringify(made);
}

function thinking() {
  if (can(LEVEL)) return [1, null, levelCode()];
  if (can(THINKING) && !settings.thinking) return [0, 0, null];
  if (can(BUDGET) || can(THINKING)) return [1, settings.manual ? settings.budget : null, null];
  return null;
}

function tools() {
  const made = [];
  if (can(FUNCTIONS) && settings.functionsOn && settings.functions) {
    const declared = JSON.parse(settings.functions).map((each) => [
      each.name,
      each.description ?? "",
      each.parameters === undefined ? null : JSON.stringify(each.parameters),
    ]);
    if (declared.length) made.push([null, declared]);
  }
  if (can(CODE) && settings.codeExecution) made.push([null, null, []]);
  if (can(SEARCH) && settings.search) made.push([null, null, null, []]);
  if (can(BROWSE) && settings.urlContext) made.push([null, null, null, null, []]);
  return made.length ? made : null;
}

/** Computes the token, which holds for these contents, this load of the page, and once. */
async function token(contents) {
  const number = ++sent;
  const texts = contents.flat(Infinity).filter((each) => typeof each === "string");
  const data = new TextEncoder().encode([`${config.mark}:${number}`, ...texts].join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${config.mark}.${number}.${hex}`;
}
