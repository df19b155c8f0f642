// Slack's two dialects, mrkdwn and (in markdown blocks) Markdown, as DOM nodes.

import { el, link } from "/dom.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", eyes: "👀", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎", lock: "🔒",
  no_entry: "⛔", no_entry_sign: "🚫", rocket: "🚀", scales: "⚖️", balance_scale: "⚖️", fire: "🔥", tada: "🎉",
  mag: "🔍", bulb: "💡", memo: "📝", wrench: "🔧", hammer: "🔨", shield: "🛡️", robot_face: "🤖", bell: "🔔",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", large_blue_circle: "🔵", white_circle: "⚪",
  arrow_right: "➡️", arrow_up: "⬆️", arrow_down: "⬇️", stopwatch: "⏱️", chart_with_upwards_trend: "📈",
  information_source: "ℹ️", question: "❓", exclamation: "❗", package: "📦", key: "🔑", page_facing_up: "📄",
  clipboard: "📋", link: "🔗", busts_in_silhouette: "👥", bust_in_silhouette: "👤", gear: "⚙️", stop_sign: "🛑",
  leftwards_arrow_with_hook: "↩️", repeat: "🔁", speech_balloon: "💬", thinking_face: "🤔", wave: "👋",
};

let people = {};
let channels = {};
let groups = {};

/** Names for mentions. */
export function know(state) {
  people = Object.fromEntries(state.users.map((user) => [user.id, user]));
  channels = Object.fromEntries(state.channels.map((channel) => [channel.id, channel]));
  groups = Object.fromEntries(state.usergroups.map((group) => [group.id, group]));
}

export const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
export const encode = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
export const userName = (id) => people[id]?.name ?? id;

const pad = (number) => String(number).padStart(2, "0");

/** Slack's `<!date^…>` in the reader's own time zone. */
export function formatDate(seconds, format, fallback) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const part = (options) => at.toLocaleString(undefined, options);
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  const near = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  const values = {
    date_num: `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`,
    date: part({ month: "long", day: "numeric", year: "numeric" }),
    date_short: part({ month: "short", day: "numeric", year: "numeric" }),
    date_long: part({ weekday: "long", month: "long", day: "numeric", year: "numeric" }),
    time: part({ hour: "numeric", minute: "2-digit" }),
    time_secs: part({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
  };
  for (const name of ["date", "date_short", "date_long"]) values[`${name}_pretty`] = near ?? values[name];
  values.ago = near ?? values.date_short;
  return format.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function mention(kind, id) {
  if (kind === "user") return el("span", { class: "mention" }, `@${people[id]?.name ?? id}`);
  if (kind === "group") return el("span", { class: "mention" }, `@${groups[id]?.handle ?? id}`);
  if (kind === "channel") return el("span", { class: "mention" }, `#${channels[id]?.name ?? id}`);
  return el("span", { class: "mention loud" }, `@${id}`);
}

export const emoji = (name) => EMOJI[name] ?? `:${name}:`;

function angle(body) {
  const [target, label] = [body.split("|")[0], body.includes("|") ? body.slice(body.indexOf("|") + 1) : ""];
  if (target.startsWith("@")) return mention("user", target.slice(1));
  if (target.startsWith("#")) return mention("channel", target.slice(1));
  if (target.startsWith("!subteam^")) return mention("group", target.slice(9));
  if (target.startsWith("!date^")) {
    const [, seconds, format, url] = target.split("^");
    const shown = formatDate(Number(seconds), format ?? "", label);
    return url ? link(url, shown) : el("time", { title: label }, shown);
  }
  if (["!here", "!channel", "!everyone"].includes(target)) return mention("broadcast", target.slice(1));
  if (target.startsWith("!")) return el("span", {}, label || target);
  return link(decode(target), decode(label || target));
}

const INLINE = {
  mrkdwn: [
    [/`([^`\n]+)`/, (m) => el("code", {}, decode(m[1]))],
    [/<([^<>\n]+)>/, (m) => angle(m[1])],
    [/(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])/, (m) => el("strong", {}, inline(m[1], "mrkdwn"))],
    [/(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])/, (m) => el("em", {}, inline(m[1], "mrkdwn"))],
    [/(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/, (m) => el("s", {}, inline(m[1], "mrkdwn"))],
    [/:([a-z0-9_+-]+):/, (m) => emoji(m[1])],
  ],
  markdown: [
    [/`([^`\n]+)`/, (m) => el("code", {}, decode(m[1]))],
    [/\[([^\]\n]+)\]\(([^)\s]+)\)/, (m) => link(decode(m[2]), decode(m[1]))],
    [/<([@#!][^<>\n]+|https?:[^<>\n]+)>/, (m) => angle(m[1])],
    [/\*\*(?=\S)([^\n]*?\S)\*\*/, (m) => el("strong", {}, inline(m[1], "markdown"))],
    [/(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])/, (m) => el("em", {}, inline(m[1], "markdown"))],
    [/(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])/, (m) => el("em", {}, inline(m[1], "markdown"))],
    [/~~(?=\S)([^\n]*?\S)~~/, (m) => el("s", {}, inline(m[1], "markdown"))],
    [/:([a-z0-9_+-]+):/, (m) => emoji(m[1])],
  ],
};

/** Inline text as nodes: the earliest match wins, the rest is plain. */
export function inline(text, dialect) {
  const out = [];
  let rest = text;
  while (rest) {
    let best = null;
    for (const [pattern, make] of INLINE[dialect]) {
      const match = pattern.exec(rest);
      if (match && (best === null || match.index < best.match.index)) best = { match, make };
    }
    if (best === null) break;
    if (best.match.index) out.push(decode(rest.slice(0, best.match.index)));
    out.push(best.make(best.match));
    rest = rest.slice(best.match.index + best.match[0].length);
  }
  if (rest) out.push(decode(rest));
  return out;
}

const LINES = {
  mrkdwn: { quote: /^&gt; ?|^> ?/, bullet: /^\s*[•◦▪‣-] /, number: /^\s*\d+[.)] /, heading: null },
  markdown: { quote: /^> ?|^&gt; ?/, bullet: /^\s*[-*+•] /, number: /^\s*\d+[.)] /, heading: /^(#{1,6}) +/ },
};

function table(rows) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim(), "markdown"));
  const [head, , ...body] = rows;
  return el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, cells(head).map((cell) => el("th", { scope: "col" }, cell)))),
    el("tbody", {}, body.map((row) => el("tr", {}, cells(row).map((cell) => el("td", {}, cell)))))));
}

/** A whole text: code fences, quotes, lists, headings and tables where the dialect has them, paragraphs. */
export function rich(text, dialect = "mrkdwn") {
  const rules = LINES[dialect];
  const out = [];
  const lines = text.split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) {
      out.push(el("p", {}, paragraph.flatMap((line, index) => [index ? el("br") : null, inline(line, dialect)])));
    }
    paragraph = [];
  };
  const take = (pattern, start) => {
    let end = start;
    while (end < lines.length && pattern.test(lines[end])) end += 1;
    return lines.slice(start, end);
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    if (line.trimStart().startsWith("```")) {
      flush();
      const code = [line.trimStart().slice(3)];
      const oneLine = code[0].endsWith("```") && code[0].length > 2;
      let closed = oneLine;
      if (closed) code[0] = code[0].slice(0, -3);
      while (!closed && at + 1 < lines.length) {
        at += 1;
        closed = lines[at].trimEnd().endsWith("```");
        code.push(closed ? lines[at].trimEnd().slice(0, -3) : lines[at]);
      }
      if (!oneLine && (dialect === "markdown" || code[0] === "")) code.shift();
      if (code.at(-1) === "") code.pop();
      out.push(el("pre", {}, el("code", {}, decode(code.join("\n")))));
    } else if (rules.quote.test(line)) {
      flush();
      const quoted = take(rules.quote, at);
      at += quoted.length - 1;
      out.push(el("blockquote", {}, rich(quoted.map((each) => each.replace(rules.quote, "")).join("\n"), dialect)));
    } else if (rules.bullet.test(line) || rules.number.test(line)) {
      flush();
      const pattern = rules.bullet.test(line) ? rules.bullet : rules.number;
      const items = take(pattern, at);
      at += items.length - 1;
      const start = pattern === rules.number ? Number.parseInt(items[0], 10) : null;
      out.push(el(start === null ? "ul" : "ol", { start: start === 1 ? null : start },
        items.map((item) => el("li", {}, inline(item.replace(pattern, ""), dialect)))));
    } else if (rules.heading?.test(line)) {
      flush();
      out.push(el("p", { class: "heading" }, inline(line.replace(rules.heading, ""), dialect)));
    } else if (dialect === "markdown" && /^\s*\|.*\|\s*$/.test(line) && /^\s*\|[\s:|-]+\|\s*$/.test(lines[at + 1] ?? "")) {
      flush();
      const rows = take(/^\s*\|.*\|\s*$/, at);
      at += rows.length - 1;
      out.push(table(rows));
    } else if (line.trim() === "") {
      flush();
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return out;
}
