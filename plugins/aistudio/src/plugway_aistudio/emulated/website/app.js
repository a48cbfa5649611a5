// Puts the page together.

import { Chat } from "./chat.js";
import { config } from "./config.js";
import { el } from "./element.js";
import { choose, models } from "./models.js";
import { cover } from "./overlays.js";
import { preference } from "./preference.js";
import { Prompt } from "./prompt.js";
import { draw, settings, useModel } from "./settings.js";
import { newChat, toolbar } from "./toolbar.js";
import { byKind, sleep } from "./trouble.js";

const told = byKind(config.mishaps);
let prompt = null;
let bar = null;

const changed = () => {
  prompt?.show();
  bar?.draw();
};

const chat = new Chat(changed);
prompt = new Prompt(chat);
bar = toolbar(chat, changed);
prompt.stick(told.stuck_run);

document.querySelector("app-root").append(
  el("ms-navbar", {}, newChat(chat, prompt, changed), el("div", { class: "account" }, config.email)),
  el("main", {}, bar.bar, chat.session, chat.callouts, prompt.outer),
  el("div", { class: "settings-place" }),
);
cover(told);
addEventListener("resize", draw);

const chosen = choose(await models(), told);
if (chosen) {
  useModel(chosen);
  preference.keep({ promptModel: `models/${chosen.id}` });
}
draw();
prompt.show();
if (told.reload) {
  await sleep(told.reload.seconds);
  location.reload();
}
