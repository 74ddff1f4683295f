// The chat page: what is shown, and what the buttons do.
import { render } from "./markdown.js";
import * as store from "./store.js";
import { answer, serverProps } from "./client.js";

const $ = (id) => document.getElementById(id);
const el = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const button = (text, label, onclick) => {
  const node = el("button", "", text);
  node.type = "button";
  if (label !== text) node.setAttribute("aria-label", label);
  node.title = label;
  node.addEventListener("click", onclick);
  return node;
};

let current = store.conversations()[0] ?? store.newConversation();
let running = null; // {stop, node} while an answer is made
let props = { context: 0, model: "hlwq" };

function showList() {
  $("list").replaceChildren(...store.conversations().map((conversation) => {
    const item = el("li", conversation.id === current.id ? "here" : "");
    const title = button(conversation.title || "New conversation", conversation.title || "New conversation", () => open(conversation));
    title.className = "title";
    if (conversation.id === current.id) title.setAttribute("aria-current", "true");
    const gone = button("×", "Delete this conversation", () => {
      if (!confirm("Delete this conversation?")) return;
      if (running && conversation.id === current.id) running.stop();
      store.remove(conversation);
      if (conversation.id === current.id) open(store.conversations()[0] ?? store.newConversation());
      showList();
    });
    gone.className = "delete";
    item.append(title, gone);
    return item;
  }));
}

function open(conversation) {
  current = conversation;
  $("side").classList.remove("open");
  showList();
  showMessages();
  $("text").focus();
}

function branchButtons(node) {
  const all = store.siblings(current, node);
  if (all.length < 2) return [];
  const at = all.indexOf(node.id);
  const go = (to) => () => { store.show(current, all[to]); showMessages(); };
  const back = button("‹", "The version before", go(at - 1)), on = button("›", "The next version", go(at + 1));
  back.disabled = at === 0;
  on.disabled = at === all.length - 1;
  return [back, el("span", "", `${at + 1}/${all.length}`), on];
}

function fillBody(body, node) {
  body.replaceChildren();
  if (node.role === "user") {
    body.textContent = node.text;
    return;
  }
  if (node.thinking) {
    const details = el("details", "thinking"), text = el("div", "", node.thinking);
    details.open = running?.node === node && !node.text;
    details.append(el("summary", "", running?.node === node && !node.text ? "Thinking…" : "Thoughts"), text);
    body.append(details);
  }
  const text = el("div");
  text.append(render(node.text));
  body.append(text);
  for (const call of node.calls ?? []) {
    const box = el("div", "call");
    box.append(el("strong", "", call.name), el("div", "", call.arguments));
    body.append(box);
  }
  if (node.error) body.append(el("div", "error", node.error));
  body.classList.toggle("cursor", running?.node === node && !node.text && !node.thinking);
}

function messageOf(node) {
  const article = el("article", node.role), body = el("div", "body"), tools = el("div", "tools");
  article.append(el("h2", "who", node.role === "user" ? "You" : "Model"), body, tools);
  article.dataset.node = node.id;
  fillBody(body, node);
  tools.append(...branchButtons(node));
  if (running?.node === node) return article;
  tools.append(button("Copy", "Copy this message", () => navigator.clipboard.writeText(node.text)));
  if (node.role === "user") {
    tools.append(button("Edit", "Say something else here", () => edit(article, node)));
  } else {
    tools.append(button("Again", "Answer anew", () => reply(node.parent)));
    if (node.speed) tools.append(el("span", "speed", node.speed));
  }
  return article;
}

function showMessages() {
  const nodes = store.path(current);
  const messages = $("messages");
  if (nodes.length === 0) {
    const empty = el("div", "empty");
    empty.append(el("h2", "", "What is on your mind?"), el("p", "", `${props.model} runs on this machine. What you write stays here.`));
    messages.replaceChildren(empty);
  } else {
    messages.replaceChildren(...nodes.map(messageOf));
  }
  showContext(nodes.findLast((node) => node.used)?.used ?? 0);
  messages.scrollTop = messages.scrollHeight;
}

function showContext(used) {
  $("used").style.width = props.context ? `${Math.min(100, 100 * used / props.context)}%` : "0";
  $("context").textContent = props.context ? `${used} / ${props.context} tokens` : "";
  $("meter").setAttribute("aria-label", `Context: ${used} of ${props.context} tokens`);
}

function edit(article, node) {
  const text = el("textarea"), send = button("Send", "Send", () => {
    if (!text.value.trim() || running) return;
    const other = store.addNode(current, node.parent, { role: "user", text: text.value.trim() });
    reply(other.id);
  });
  text.value = node.text;
  text.rows = Math.min(12, node.text.split("\n").length + 1);
  text.setAttribute("aria-label", "Edit the message");
  const row = el("div", "row");
  row.append(send, button("Cancel", "Cancel", showMessages));
  article.replaceChildren(text, row);
  article.classList.add("editing");
  text.focus();
}

async function reply(parent) {
  if (running) return;
  const conversation = current;
  const node = store.addNode(conversation, parent, { role: "assistant", text: "", thinking: "" });
  const abort = new AbortController();
  running = { node, stop: () => abort.abort() };
  $("send").textContent = "Stop";
  showMessages();
  let isDue = false;
  const draw = () => {
    isDue = false;
    const body = document.querySelector(`[data-node="${CSS.escape(node.id)}"] .body`);
    if (!body || conversation !== current) return;
    const messages = $("messages"), follows = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
    fillBody(body, node);
    if (follows) messages.scrollTop = messages.scrollHeight;
  };
  const messages = [];
  if (store.settings.system.trim()) messages.push({ role: "system", content: store.settings.system });
  for (const earlier of store.path(conversation).slice(0, -1)) messages.push({ role: earlier.role, content: earlier.text });
  try {
    for await (const part of answer(messages, store.settings, abort.signal)) {
      node.text += part.text ?? "";
      node.thinking += part.thinking ?? "";
      if (part.calls) node.calls = [...(node.calls ?? []), ...part.calls];
      if (part.timings) node.speed = `${part.timings.predicted_n} tokens, ${part.timings.predicted_per_second.toFixed(1)}/s`;
      if (part.usage) node.used = part.usage.total_tokens;
      if (!isDue) {
        isDue = true;
        requestAnimationFrame(draw);
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") node.error = error.message;
  }
  running = null;
  $("send").textContent = "Send";
  store.save();
  if (!props.context) connect();  // the model is open now
  showList();
  if (conversation === current) showMessages();
}

function send() {
  if (running) return running.stop();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  fit();
  if (!current.title) current.title = text.slice(0, 60);
  const node = store.addNode(current, current.leaf, { role: "user", text });
  store.save();
  showList();
  reply(node.id);
}

function fit() {
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight + 2}px`;
}

function newConversation() {
  const empty = store.conversations().find((conversation) => conversation.roots.length === 0);
  open(empty ?? store.newConversation());
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); send(); });
$("text").addEventListener("input", fit);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!running) send();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running && !$("settings").open) running.stop();
  if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault();
    newConversation();
  }
});
$("new").addEventListener("click", newConversation);
$("menu").addEventListener("click", () => $("side").classList.add("open"));
$("hide").addEventListener("click", () => $("side").classList.remove("open"));
$("export").addEventListener("click", () => {
  const link = Object.assign(el("a"), { href: URL.createObjectURL(new Blob([store.exportText()], { type: "application/json" })), download: "hlwq-conversations.json" });
  link.click();
  URL.revokeObjectURL(link.href);
});
$("import").addEventListener("change", async (event) => {
  try {
    const count = store.importText(await event.target.files[0].text());
    open(store.conversations()[0]);
    alert(`${count} conversations were imported.`);
  } catch (error) {
    alert(`This file holds no conversations: ${error.message}`);
  }
  event.target.value = "";
});
$("open-settings").addEventListener("click", () => {
  for (const input of $("settings").querySelectorAll("[name]")) {
    if (input.type === "checkbox") input.checked = store.settings[input.name];
    else input.value = store.settings[input.name];
  }
  $("settings").showModal();
});
$("settings").addEventListener("close", () => {
  for (const input of $("settings").querySelectorAll("[name]")) {
    store.settings[input.name] = input.type === "checkbox" ? input.checked : input.value.trim();
  }
  store.saveSettings();
  connect();
});
// Another tab has saved: take it over, unless an answer is being made here.
window.addEventListener("storage", () => {
  if (running) return;
  store.reload();
  current = store.conversations().find((conversation) => conversation.id === current.id) ?? current;
  showList();
  showMessages();
});

async function connect() {
  props = await serverProps(store.settings);
  // A choice where there is one; what was chosen may be gone.
  $("models").hidden = props.models.length < 2;
  $("models").querySelector("select").replaceChildren(...props.models.map((name) => new Option(name)));
  if (props.models.length > 0) store.settings.model = props.models.length < 2 ? "" : props.model;
  $("model").textContent = document.title = props.model;
  $("about").textContent = props.about;
  showMessages();
}

showList();
showMessages();
connect();
