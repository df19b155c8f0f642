// The page: channels, messages, a thread, live. State is small and whole panes are drawn from it.

import { get, listen, post } from "/api.js";
import { attachment, renderBlock } from "/blocks.js";
import { el, toast } from "/dom.js";
import { confirmed, showView } from "/modal.js";
import { emoji, encode, know, rich, userName } from "/text.js";

const $ = (id) => document.getElementById(id);
const state = { viewer: "", channel: "", thread: null, workspace: null, messages: new Map(), replies: new Map(), status: {}, unread: new Set() };
let stop = () => {};

const place = () => new URLSearchParams(location.hash.slice(1));

function remember() {
  const hash = new URLSearchParams({ as: userName(state.viewer), channel: state.channel });
  if (state.thread) hash.set("thread", state.thread);
  history.replaceState(null, "", `#${hash}`);
}

const clock = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function avatar(message) {
  const colours = 6;
  const seed = [...message.author].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % colours;
  return el("span", { class: `avatar tint-${message.is_app ? "app" : seed}`, "aria-hidden": "true" }, message.author.slice(0, 1).toUpperCase());
}

/** What a click on an element of `message` does. */
function acting(message) {
  return async (element, blockId, value) => {
    if (element.confirm && !(await confirmed(element.confirm))) return;
    const target = message.view_id ? { view_id: message.view_id } : { channel: message.channel, message_ts: message.ts };
    const body = { user: state.viewer, action_id: element.action_id, block_id: blockId, ...target };
    if (value !== undefined) body.value = value;
    const answer = await post("click", body);
    if (!answer.ok && answer.error !== "operation_timeout") toast(answer.error ?? "That did not work.");
  };
}

function body(message) {
  const act = acting(message);
  const typedOnly = message.blocks.length === 1 && message.blocks[0].block_id === "typed";
  const blocks = typedOnly ? [] : message.blocks;
  return el("div", { class: "body" },
    blocks.length ? blocks.map((block) => renderBlock(block, act, message.stream?.state)) : rich(message.text),
    message.attachments.map((item) => attachment(item, act)),
    message.stream?.state === "in_progress" ? el("p", { class: "quiet streaming" }, "still writing…") : null,
    message.stream?.state === "errored" ? el("p", { class: "field-error" }, "This message was cut off: its stream was never finished.") : null,
    message.edited ? el("span", { class: "quiet" }, " (edited)") : null,
    message.reactions.length ? el("div", { class: "reactions" }, message.reactions.map((each) =>
      el("span", { class: "reaction", title: each.users.map(userName).join(", ") }, `${emoji(each.name)} ${each.users.length}`))) : null);
}

function draw(message, { inThread }) {
  const app = message.is_app ? el("span", { class: "badge" }, "APP") : null;
  return el("li", { class: `message${message.ephemeral ? " ephemeral" : ""}`, "data-ts": message.ts },
    avatar(message),
    el("div", { class: "content" },
      message.ephemeral ? el("p", { class: "only-you" }, "👁 Only visible to you") : null,
      el("div", { class: "who" }, el("strong", {}, message.author), app, el("time", { title: new Date(Number(message.ts) * 1000).toISOString() }, clock(message.ts))),
      body(message),
      inThread || message.thread_ts && message.thread_ts !== message.ts ? null : el("button", {
        type: "button", class: "plain replies", onclick: () => openThread(message.ts),
      }, message.reply_count ? `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}` : "Reply in thread")));
}

const ordered = (map) => [...map.values()].sort((one, other) => Number(one.ts) - Number(other.ts) || (one.ts < other.ts ? -1 : 1));

/** Redraw a list: unchanged messages keep their nodes, so focus and scroll stay where they are. */
function fill(list, messages, options) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const old = new Map([...list.children].map((node) => [node.dataset.ts, node]));
  const nodes = messages.map((message) => {
    const key = JSON.stringify(message);
    const known = old.get(message.ts);
    if (known && known.key === key) return known;
    const node = draw(message, options);
    node.key = key;
    if (known?.contains(document.activeElement)) {
      const action = document.activeElement.dataset.action;
      queueMicrotask(() => action && node.querySelector(`[data-action="${CSS.escape(action)}"]`)?.focus());
    }
    return node;
  });
  nodes.forEach((node, index) => { if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null); });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function drawMessages() {
  const shown = ordered(state.messages);
  fill($("messages"), shown, { inThread: false });
  if (!shown.length) $("messages").replaceChildren(el("li", { class: "empty" }, "Nothing here yet. Mention @gavel to ask for work."));
  if (state.thread) fill($("replies"), ordered(state.replies), { inThread: true });
  const status = state.status[`${state.channel}/${state.thread}`];
  $("status").textContent = status ? `Gavel ${status}` : "";
}

function drawSide() {
  const item = (channel) => el("li", {}, el("button", {
    type: "button", class: "plain channel", "aria-current": channel.id === state.channel ? "page" : null,
    onclick: () => openChannel(channel.id),
  }, `${channel.kind === "im" ? "" : "# "}${channel.kind === "im" ? "Gavel" : channel.name}`,
  state.unread.has(channel.id) ? el("span", { class: "dot", role: "img", "aria-label": "unread" }) : null));
  const mine = state.workspace.channels.filter((channel) => channel.members.includes(state.viewer));
  $("side").replaceChildren(
    el("h2", {}, "Channels"), el("ul", {}, mine.filter((each) => each.kind === "channel").map(item)),
    el("h2", {}, "Direct messages"), el("ul", {}, mine.filter((each) => each.kind === "im").map(item)));
}

function drawHead() {
  const channel = state.workspace.channels.find((each) => each.id === state.channel);
  $("channel-name").textContent = channel.kind === "im" ? "Gavel" : `# ${channel.name}`;
  $("channel-topic").textContent = channel.topic;
  $("thread-channel").textContent = channel.kind === "im" ? "with Gavel" : `in #${channel.name}`;
  $("text").placeholder = `Message ${channel.kind === "im" ? "Gavel" : `#${channel.name}`}, or /gavel …`;
  const bots = state.workspace.connections;
  $("link").textContent = state.workspace.mode === "http" ? "app over HTTP" : bots ? `app connected (${bots})` : "app not connected";
  $("link").classList.toggle("off", !bots && state.workspace.mode !== "http");
}

async function load() {
  state.workspace = await get("state", { viewer: state.viewer });
  know(state.workspace);
  const found = await get("channel", { channel: state.channel, viewer: state.viewer });
  state.messages = new Map(found.messages.map((message) => [message.ts, message]));
  await loadThread();
  drawSide();
  drawHead();
  drawMessages();
  showView(state.workspace.view, state.viewer, acting({ view_id: state.workspace.view?.id }));
}

async function loadThread() {
  $("thread").hidden = !state.thread;
  $("shell").classList.toggle("with-thread", Boolean(state.thread));
  if (!state.thread) return;
  const found = await get("thread", { channel: state.channel, ts: state.thread, viewer: state.viewer });
  state.replies = new Map((found.messages ?? []).map((message) => [message.ts, message]));
}

async function openChannel(id) {
  if (id !== state.channel) { state.thread = null; $("messages").replaceChildren(); }
  state.channel = id;
  state.unread.delete(id);
  $("shell").classList.remove("show-side");
  $("menu").setAttribute("aria-expanded", "false");
  remember();
  await load();
  $("messages").scrollTop = $("messages").scrollHeight;
}

async function openThread(ts) {
  state.thread = ts;
  $("replies").replaceChildren();
  remember();
  await loadThread();
  drawMessages();
  if (ts) { $("replies").scrollTop = $("replies").scrollHeight; $("reply-text").focus({ preventScroll: true }); }
}

async function viewAs(id) {
  state.viewer = id;
  const allowed = state.workspace.channels.find((channel) => channel.id === state.channel && channel.members.includes(id));
  if (!allowed) { state.channel = state.workspace.channels[0].id; state.thread = null; }
  stop();
  stop = listen(id, { heard, opened: load, lost: () => { $("link").textContent = "reconnecting"; $("link").classList.add("off"); } });
  remember();
}

let queued = false;
function later() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; drawMessages(); });
}

function place_in(map, event) {
  if (event.kind === "deleted" && event.message?.subtype !== "tombstone") map.delete(event.ts);
  else map.set(event.ts, event.message);
}

async function heard(event) {
  switch (event.kind) {
    case "view": {
      const view = event.detail.view;
      showView(view, state.viewer, acting({ view_id: view?.id }));
      return;
    }
    case "notice": toast(event.detail.text); return;
    case "status":
      if (event.detail.status !== undefined) state.status[`${event.channel}/${event.detail.thread_ts}`] = event.detail.status;
      later();
      return;
    case "socket": case "members":
      state.workspace = await get("state", { viewer: state.viewer });
      know(state.workspace);
      drawSide();
      drawHead();
      return;
    default:
  }
  const { message } = event;
  if (event.channel !== state.channel) {
    if (event.kind === "message") { state.unread.add(event.channel); drawSide(); }
    return;
  }
  const reply = event.thread_ts && event.thread_ts !== event.ts;
  if (message.is_app && event.kind === "message") delete state.status[`${event.channel}/${event.thread_ts}`];
  if (!reply) place_in(state.messages, event);
  if (event.ts === state.thread || event.thread_ts === state.thread) place_in(state.replies, event);
  if (reply && !message.ephemeral && event.kind === "message") {
    const parent = state.messages.get(event.thread_ts);
    if (parent) state.messages.set(parent.ts, { ...parent, reply_count: parent.reply_count + 1, latest_reply: event.ts });
  }
  later();
}

async function send(field, threadTs) {
  const typed = field.value.trim();
  if (!typed) return;
  const common = { user: state.viewer, channel: state.channel, ...(threadTs ? { thread_ts: threadTs } : {}) };
  const [first, ...rest] = typed.split(/\s+/);
  let answer;
  field.value = "";
  if (state.workspace.commands.includes(first) && !threadTs) {
    answer = await post("command", { ...common, command: first, text: typed.slice(first.length).trim() || rest.join(" ") });
  } else if (typed.startsWith("/")) {
    toast(threadTs ? "Slack runs slash commands in the channel only, not in threads." : `${first} is not a command here.`);
    field.value = typed;
    return;
  } else {
    answer = await post("say", { ...common, text: encode(typed).replace(/(^|\s)@(here|channel|everyone)\b/g, "$1<!$2>") });
  }
  if (!answer.ok && !answer.message) { toast(answer.error ?? "That was not sent."); field.value = typed; }
}

function wire(form, field, thread) {
  $(form).addEventListener("submit", (event) => { event.preventDefault(); send($(field), thread()); });
  $(field).addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send($(field), thread()); }
  });
}

async function start() {
  state.workspace = await get("state");
  know(state.workspace);
  const people = state.workspace.users.filter((user) => !user.is_bot);
  $("team").textContent = state.workspace.team.name;
  $("viewer").append(...people.map((user) => el("option", { value: user.id }, `${user.real_name}${user.title ? ` (${user.title})` : ""}`)));
  const wanted = place();
  const viewer = people.find((user) => user.name === wanted.get("as")) ?? people[0];
  const channel = state.workspace.channels.find((each) => each.id === wanted.get("channel") || each.name === wanted.get("channel"));
  state.channel = (channel ?? state.workspace.channels[0]).id;
  state.thread = wanted.get("thread");
  $("viewer").value = viewer.id;
  $("viewer").addEventListener("change", () => viewAs($("viewer").value));
  $("thread-close").addEventListener("click", () => openThread(null));
  $("menu").addEventListener("click", () => {
    const open = $("shell").classList.toggle("show-side");
    $("menu").setAttribute("aria-expanded", String(open));
  });
  wire("composer", "text", () => null);
  wire("reply", "reply-text", () => state.thread);
  await viewAs(viewer.id);
}

start();
