// Slack's mrkdwn as rich text, which says what each piece is instead of leaving it to be parsed again.
//
// slack-blocks-to-jsx has a parser of its own, but it undoes `&lt;` and `&gt;` first and parses afterwards: what an app
// escaped so that it cannot be a link or a mention would become one. So texts are parsed here, and drawn by the library.

import type {
  RichTextBlockElement,
  RichTextSectionElement,
  RichTextSectionElementStyleCode,
} from "slack-blocks-to-jsx";
import { formatDate } from "./dates.ts";

type Style = RichTextSectionElementStyleCode;

/** Slack's three entities undone. Once, and after everything else: what comes out is never parsed. */
export const decode = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** What a person typed, so that none of it is markup. */
export const encode = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    "(?<![\\w*])\\*(?=\\S)(?<bold>[^*\\n]*[^\\s*])\\*(?![\\w*])",
    "(?<![\\w_])_(?=\\S)(?<italic>[^_\\n]*[^\\s_])_(?![\\w_])",
    "(?<![\\w~])~(?=\\S)(?<strike>[^~\\n]*[^\\s~])~(?![\\w~])",
    "(?<![\\w:]):(?<emoji>[a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*|100|1234):(?![\\w:])",
  ].join("|"),
  "g",
);

function said(text: string, style: Style): RichTextSectionElement {
  return Object.keys(style).length ? { type: "text", text, style } : { type: "text", text };
}

function date(target: string, label: string, style: Style): RichTextSectionElement {
  const [, seconds = "", format = "", url] = target.split("^");
  const shown = formatDate(Number(seconds), format, decode(label));
  return url ? { type: "link", url: decode(url), text: shown, style } : said(shown, style);
}

/** What stands between angle brackets: a mention, a date or a link. */
function angle(body: string, style: Style): RichTextSectionElement {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : body.slice(bar + 1);
  if (target.startsWith("@")) return { type: "user", user_id: target.slice(1), style };
  if (target.startsWith("#")) return { type: "channel", channel_id: target.slice(1), style };
  if (target.startsWith("!subteam^")) return { type: "usergroup", usergroup_id: target.slice(9), style };
  if (target.startsWith("!date^")) return date(target, label, style);
  if (target === "!here" || target === "!channel" || target === "!everyone") {
    return { type: "broadcast", range: target === "!here" ? "here" : target === "!channel" ? "channel" : "everyone" };
  }
  if (target.startsWith("!")) return said(decode(label || target), style);
  return { type: "link", url: decode(target), text: decode(label || target), style };
}

/** One line (or several, without lists and fences) as elements. */
export function inline(text: string, style: Style = {}): RichTextSectionElement[] {
  const out: RichTextSectionElement[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) out.push(said(decode(text.slice(end, match.index)), style));
    end = match.index + match[0].length;
    const { code, angle: body, bold, italic, strike, emoji } = match.groups ?? {};
    if (code !== undefined) out.push(said(decode(code), { ...style, code: true }));
    else if (body !== undefined) out.push(angle(body, style));
    else if (bold !== undefined) out.push(...inline(bold, { ...style, bold: true }));
    else if (italic !== undefined) out.push(...inline(italic, { ...style, italic: true }));
    else if (strike !== undefined) out.push(...inline(strike, { ...style, strike: true }));
    else if (emoji !== undefined) out.push({ type: "emoji", name: emoji });
  }
  if (end < text.length) out.push(said(decode(text.slice(end)), style));
  return out;
}

const QUOTE = /^(?:&gt;|>) ?/;
const BULLET = /^\s*[•◦▪‣] /;
const NUMBER = /^\s*\d{1,6}[.)] /;

/** The lines inside a fence that opens at `start`, and the line after it. */
function fence(lines: string[], start: number): { code: string; next: number } {
  const first = (lines[start] ?? "").trimStart().slice(3);
  if (first.length > 2 && first.endsWith("```")) return { code: first.slice(0, -3), next: start + 1 };
  const code = first === "" ? [] : [first];
  let at = start + 1;
  for (; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trimEnd();
    if (line.endsWith("```")) {
      if (line !== "```") code.push(line.slice(0, -3));
      return { code: code.join("\n"), next: at + 1 };
    }
    code.push(lines[at] ?? "");
  }
  return { code: code.join("\n"), next: at };
}

function list(items: string[], marker: RegExp): RichTextBlockElement {
  const elements = items.map((item) => ({
    type: "rich_text_section" as const,
    elements: inline(item.replace(marker, "")),
  }));
  if (marker === BULLET) return { type: "rich_text_list", style: "bullet", elements };
  return { type: "rich_text_list", style: "ordered", offset: Number.parseInt(items[0] ?? "1", 10) - 1, elements };
}

/** A whole text: code fences, quotes, lists and paragraphs. */
export function mrkdwn(text: string): RichTextBlockElement[] {
  const out: RichTextBlockElement[] = [];
  const lines = text.split("\n");
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length) out.push({ type: "rich_text_section", elements: inline(paragraph.join("\n")) });
    paragraph = [];
  };
  const taken = (pattern: RegExp, start: number): string[] => {
    let end = start;
    while (end < lines.length && pattern.test(lines[end] ?? "")) end += 1;
    return lines.slice(start, end);
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const marker = [QUOTE, BULLET, NUMBER].find((pattern) => pattern.test(line));
    if (line.trimStart().startsWith("```")) {
      flush();
      const { code, next } = fence(lines, at);
      if (code) out.push({ type: "rich_text_preformatted", elements: [{ type: "text", text: decode(code) }] });
      at = next;
    } else if (marker) {
      flush();
      const items = taken(marker, at);
      at += items.length;
      if (marker !== QUOTE) out.push(list(items, marker));
      else
        out.push({
          type: "rich_text_quote",
          elements: inline(items.map((each) => each.replace(QUOTE, "")).join("\n")),
        });
    } else {
      if (line.trim() === "") flush();
      else paragraph.push(line);
      at += 1;
    }
  }
  flush();
  return out;
}

/** A `plain_text` object: nothing is markup but, unless the app says otherwise, `:emoji:`. */
export function plain(text: string, emoji = true): RichTextSectionElement[] {
  if (!emoji) return [{ type: "text", text }];
  return text
    .split(/(:[a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*:)/)
    .filter((piece) => piece !== "")
    .map((piece) =>
      piece.length > 2 && piece.startsWith(":") && piece.endsWith(":")
        ? { type: "emoji", name: piece.slice(1, -1) }
        : { type: "text", text: piece },
    );
}
