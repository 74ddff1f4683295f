// Markdown to DOM nodes. What a model writes is text: it never becomes HTML, only elements that are made here.

const el = (tag, className = "") => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  return node;
};

const isSafe = (address) => /^(https?:\/\/|mailto:)/i.test(address);

// **bold**, *italic*, `code`, ~~struck~~, [text](address) and bare addresses.
const INLINE = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*([^*][\s\S]*?)\*\*|\*([^*\s][^*]*?)\*|~~([^~]+?)~~|\[([^\]]*)\]\(([^\s)]+)\)|(https?:\/\/[^\s<>")\]]+)/;

function inline(text, into) {
  while (text) {
    const found = INLINE.exec(text);
    if (!found) break;
    into.append(text.slice(0, found.index));
    text = text.slice(found.index + found[0].length);
    const [whole, , code, bold, italic, struck, label, address, bare] = found;
    if (code !== undefined) {
      into.append(Object.assign(el("code"), { textContent: code }));
    } else if (bold !== undefined || italic !== undefined || struck !== undefined) {
      const node = el(bold !== undefined ? "strong" : italic !== undefined ? "em" : "s");
      inline(bold ?? italic ?? struck, node);
      into.append(node);
    } else if (isSafe(address ?? bare)) {
      const link = Object.assign(el("a"), { href: address ?? bare, target: "_blank", rel: "noopener noreferrer" });
      inline(label ?? "", link);
      if (!link.textContent) link.textContent = address ?? bare;
      into.append(link);
    } else {
      into.append(whole);
    }
  }
  into.append(text);
}

function codeBlock(language, lines) {
  const box = el("div", "code"), bar = el("div", "bar"), copy = el("button");
  bar.append(Object.assign(el("span"), { textContent: language || "text" }), copy);
  copy.type = "button";
  copy.textContent = "Copy";
  const code = el("code"), pre = el("pre");
  code.textContent = lines.join("\n");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  pre.tabIndex = 0;
  pre.append(code);
  box.append(bar, pre);
  return box;
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function table(lines) {
  const node = el("table");
  lines.forEach((line, row) => {
    if (row === 1) return;
    const tr = el("tr");
    for (const cell of cells(line)) {
      const td = el(row === 0 ? "th" : "td");
      inline(cell, td);
      tr.append(td);
    }
    node.append(tr);
  });
  const box = el("div", "wide");
  box.append(node);
  return box;
}

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;

function list(lines) {
  const first = ITEM.exec(lines[0]);
  const node = el(/\d/.test(first[2]) ? "ol" : "ul");
  if (node.tagName === "OL") node.start = parseInt(first[2], 10);
  let item = null;
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (found && found[1].length <= first[1].length) {
      item = [found[3]];
      const li = el("li");
      li.lines = item;
      node.append(li);
    } else {
      item.push(line.slice(Math.min(line.search(/\S|$/), first[1].length + 2)));
    }
  }
  for (const li of node.children) blocks(li.lines, li);
  return node;
}

function blocks(lines, into) {
  let at = 0;
  const take = (test) => {
    const from = at;
    while (at < lines.length && test(lines[at], at - from)) ++at;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = /^\s*(```+|~~~+)\s*([\w+#.-]*)/.exec(line);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (!line.trim()) {
      ++at;
    } else if (fence) {
      ++at;
      const inside = take((next) => !next.trim().startsWith(fence[1]));
      ++at;
      into.append(codeBlock(fence[2], inside));
    } else if (heading) {
      ++at;
      const node = el("h" + Math.min(6, heading[1].length + 2));
      inline(heading[2], node);
      into.append(node);
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      ++at;
      into.append(el("hr"));
    } else if (line.startsWith(">")) {
      const node = el("blockquote");
      blocks(take((next) => next.startsWith(">")).map((next) => next.replace(/^>\s?/, "")), node);
      into.append(node);
    } else if (ITEM.test(line)) {
      const [, indent, mark] = ITEM.exec(line);
      const isOther = (item) => item && item[1].length <= indent.length && /\d/.test(item[2]) !== /\d/.test(mark);
      into.append(list(take((next, index) => index === 0 || (ITEM.test(next) && !isOther(ITEM.exec(next))) || (next.trim() && /^\s{2,}/.test(next)))));
    } else if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? "")) {
      into.append(table(take((next) => next.includes("|"))));
    } else {
      const node = el("p");
      const text = take((next, index) => index === 0 || (next.trim() && !/^(\s*(```|~~~)|#{1,6}\s|>)/.test(next) && !ITEM.test(next)));
      inline(text.join("\n"), node);
      into.append(node);
    }
  }
}

// The nodes of a text.
export function render(text) {
  const into = document.createDocumentFragment();
  blocks(text.split("\n"), into);
  return into;
}
