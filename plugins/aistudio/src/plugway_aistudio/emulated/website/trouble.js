// What goes wrong: the page asks the server at each moment, and does what it is told.

import { config } from "./config.js";

/** Asks what goes wrong now; gives it by kind. */
export async function trouble(moment) {
  const answer = await fetch(config.moment, { method: "POST", body: JSON.stringify({ moment }) });
  return byKind(answer.ok ? await answer.json() : []);
}

/** Puts mishaps by kind. */
export const byKind = (told) => Object.fromEntries(told.map((each) => [each.kind, each]));

/** Waits. */
export const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
