// Building elements. Text goes in as text nodes only: nothing on this page is ever parsed as HTML.

/** An element with attributes and children; strings become text nodes, null and false nothing. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** A link, but only to the web or a mail address; anything else stays text. */
export function link(url, label) {
  let target;
  try {
    target = new URL(url);
  } catch {
    return el("span", {}, label || url);
  }
  if (!["http:", "https:", "mailto:"].includes(target.protocol)) return el("span", {}, label || url);
  return el("a", { href: target.href, target: "_blank", rel: "noopener noreferrer", title: target.href }, label || url);
}

const announcements = () => document.getElementById("toasts");

/** A sentence in the corner, for a while. */
export function toast(text) {
  const note = el("div", { class: "toast" }, text);
  announcements().append(note);
  setTimeout(() => note.remove(), 7000);
}
