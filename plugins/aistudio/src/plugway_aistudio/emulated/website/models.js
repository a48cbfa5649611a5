// The list of models, and which of them is chosen.

import { config } from "./config.js";
import { toast } from "./overlays.js";
import { preference } from "./preference.js";
import { parse } from "./sparse.js";

/** Asks for the list. */
export async function models() {
  const answer = await call("ListModels", "[]");
  if (answer.status === 401) location.reload();
  if (answer.status !== 200) {
    toast("Failed to list models. You may not have permission to use AI Studio.");
    return [];
  }
  const [rows] = parse(answer.responseText);
  return rows.map((row) => ({
    id: row[0].replace("models/", ""),
    title: row[3],
    outputLimit: row[6],
    chats: (row[7] ?? []).includes("generateContent"),
    temperature: row[8],
    topP: row[9],
    codes: row[64] ?? [],
    levels: row[71] ?? [],
  }));
}

/** Calls a method as the page does: by XMLHttpRequest, with its cookies. */
function call(method, body) {
  return new Promise((done) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", `${config.service}/${method}`);
    xhr.withCredentials = true;
    xhr.setRequestHeader("Content-Type", "application/json+protobuf");
    xhr.setRequestHeader("X-User-Agent", "grpc-web-javascript/0.1");
    xhr.onloadend = () => done(xhr);
    xhr.send(body);
  });
}

/** Chooses the model that the address names, or the one of last time, or the first. */
export function choose(listed, told) {
  const able = listed.filter((model) => model.chats);
  const asked = new URLSearchParams(location.search).get("model");
  const last = preference.promptModel.replace("models/", "");
  const found = able.find((model) => model.id === (asked ?? last));
  if (asked && !found) toast(`The model ${asked} is not available.`, "warning");
  if (told.wrong_model && found) return able.find((model) => model !== found) ?? null;
  return found ?? able[0] ?? null;
}
