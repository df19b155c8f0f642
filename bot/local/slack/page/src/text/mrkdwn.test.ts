// Run by node itself, which reads TypeScript: tests/page/test_units.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOf, formatDate } from "./dates.ts";
import { encode, inline, mrkdwn, plain } from "./mrkdwn.ts";

const text = (words: string, style?: object): object =>
  style ? { type: "text", text: words, style } : { type: "text", text: words };

test("marks nest, and words with marks inside them are left alone", () => {
  assert.deepEqual(inline("a *b _c_* snake_case_name 2*3*4 ~no"), [
    text("a "),
    text("b ", { bold: true }),
    text("c", { bold: true, italic: true }),
    text(" snake_case_name 2*3*4 ~no"),
  ]);
});

test("nothing inside code is markup", () => {
  assert.deepEqual(inline("`*a* <@U1> &lt;b&gt;`"), [text("*a* <@U1> <b>", { code: true })]);
});

test("what was escaped is text, once decoded, and is not read again", () => {
  assert.deepEqual(inline("&lt;@U1&gt; &lt;https://a.example|b&gt; &amp;lt;"), [
    text("<@U1> <https://a.example|b> &lt;"),
  ]);
  assert.equal(encode("<b> & :x:"), "&lt;b&gt; &amp; :x:");
});

test("mentions, groups, channels, links and broadcasts", () => {
  assert.deepEqual(
    inline("<@U1> <!subteam^S1> <#C1|ops> <https://a.example|here> <!here>").filter((each) => each.type !== "text"),
    [
      { type: "user", user_id: "U1", style: {} },
      { type: "usergroup", usergroup_id: "S1", style: {} },
      { type: "channel", channel_id: "C1", style: {} },
      { type: "link", url: "https://a.example", text: "here", style: {} },
      { type: "broadcast", range: "here" },
    ],
  );
});

test("times of day and ratios are no emoji", () => {
  assert.deepEqual(inline("12:30:45 a:b:c"), [text("12:30:45 a:b:c")]);
  assert.deepEqual(inline(":+1: :100:"), [{ type: "emoji", name: "+1" }, text(" "), { type: "emoji", name: "100" }]);
  assert.deepEqual(plain("go :eyes:", false), [text("go :eyes:")]);
});

test("fences, quotes and lists", () => {
  const kinds = mrkdwn("one\n> two\n&gt; three\n• a\n• b\n3. c\n```\nx *y*\n```\nlast").map((each) => each.type);
  assert.deepEqual(kinds, [
    "rich_text_section",
    "rich_text_quote",
    "rich_text_list",
    "rich_text_list",
    "rich_text_preformatted",
    "rich_text_section",
  ]);
  assert.deepEqual(mrkdwn("```never closed *x*"), [
    { type: "rich_text_preformatted", elements: [text("never closed *x*")] },
  ]);
});

test("hostile sizes take no time", () => {
  const started = performance.now();
  for (const piece of ["*", "_", "<", ":a:", "`", "*a", "&lt;", "> ", "• ", "```\n", "~x~ "])
    mrkdwn(piece.repeat(6000));
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});

test("dates in words, and what is no date", () => {
  const now = new Date(2026, 2, 1, 12);
  const at = new Date(2026, 2, 2, 9, 5).getTime() / 1000;
  assert.match(formatDate(at, "{date_short_pretty} at {time}", "later", now), /^tomorrow at 0?9:05/);
  assert.equal(formatDate(at, "{date_num} {unknown}", "later", now), "2026-03-02 {unknown}");
  assert.equal(formatDate(Number.NaN, "{date}", "later", now), "later");
  assert.equal(dayOf(`${now.getTime() / 1000}.000100`, now), "Today");
});
