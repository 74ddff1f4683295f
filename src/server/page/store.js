// Conversations and settings, kept in this browser.
//
// A conversation is a tree of messages: to answer anew, or to say something else, is another branch.

const KEY = "hlwq.conversations", SETTINGS = "hlwq.settings";

const read = (key, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
};

export const newId = () => crypto.randomUUID?.() ?? String(Math.random()).slice(2) + Date.now();

export const settings = {
  model: "", system: "", temperature: "", top_p: "", max_tokens: "", seed: "", thinking: true, key: "",
  ...read(SETTINGS, {}),
};
export const saveSettings = () => localStorage.setItem(SETTINGS, JSON.stringify(settings));

let all = read(KEY, []);
export const conversations = () => all;

export function save() {
  all.sort((a, b) => b.changed - a.changed);
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    alert("This browser has no room left for conversations: export some and delete them.");
  }
}

// Another page of the same browser has saved.
export const reload = () => (all = read(KEY, []));

export function newConversation() {
  const conversation = { id: newId(), title: "", changed: Date.now(), nodes: {}, roots: [], leaf: null };
  all.unshift(conversation);
  return conversation;
}

export function remove(conversation) {
  all = all.filter((other) => other.id !== conversation.id);
  save();
}

export function addNode(conversation, parent, fields) {
  const node = { id: newId(), parent, children: [], ...fields };
  conversation.nodes[node.id] = node;
  (parent ? conversation.nodes[parent].children : conversation.roots).push(node.id);
  conversation.leaf = node.id;
  conversation.changed = Date.now();
  return node;
}

// From the first message to the one that is shown last.
export function path(conversation) {
  const nodes = [];
  for (let id = conversation.leaf; id; id = conversation.nodes[id].parent) nodes.unshift(conversation.nodes[id]);
  return nodes;
}

export const siblings = (conversation, node) =>
  node.parent ? conversation.nodes[node.parent].children : conversation.roots;

// Shows another branch, down to its last message.
export function show(conversation, id) {
  while (conversation.nodes[id].children.length) id = conversation.nodes[id].children.at(-1);
  conversation.leaf = id;
  save();
}

export const exportText = () => JSON.stringify({ format: "hlwq conversations", version: 1, conversations: all }, null, 1);

// Adds what a file holds; returns how many conversations. Throws where it is no such file.
export function importText(text) {
  const given = JSON.parse(text).conversations;
  if (!Array.isArray(given)) throw new Error("no conversations in it");
  let count = 0;
  for (const { id, title, changed, nodes, roots, leaf } of given) {
    if (typeof id !== "string" || typeof nodes !== "object" || !Array.isArray(roots)) continue;
    all = all.filter((other) => other.id !== id);
    all.push({ id, title: String(title), changed: Number(changed) || 0, nodes, roots, leaf });
    ++count;
  }
  save();
  return count;
}
