// What slack-blocks-to-jsx draws: rich text, Markdown, headings, tables and dividers.
//
// Everything it is given here is either literal text or Markdown for react-markdown, which makes no HTML of what it
// reads. Its parser of mrkdwn is not used: see text/mrkdwn.ts.

import type { ReactNode } from "react";
import {
  Message,
  type MessageProps,
  type RichTextBlock,
  type RichTextBlockElement,
  type RichTextSectionElement,
  type TableBlock,
} from "slack-blocks-to-jsx";
import { formatDate } from "../text/dates.ts";
import { Link } from "../text/Link.tsx";
import { Mention } from "../text/Mention.tsx";
import { mrkdwn, plain } from "../text/mrkdwn.ts";
import { useTheme } from "../theme.tsx";
import type { LibraryBlock, TextObject } from "./types.ts";

const HOOKS: NonNullable<MessageProps["hooks"]> = {
  user: ({ id }) => <Mention kind="user" id={id} />,
  channel: ({ id }) => <Mention kind="channel" id={id} />,
  usergroup: ({ id }) => <Mention kind="group" id={id} />,
  atHere: () => <Mention kind="broadcast" id="here" />,
  atChannel: () => <Mention kind="broadcast" id="channel" />,
  atEveryone: () => <Mention kind="broadcast" id="everyone" />,
  link: ({ href, children }) => <Link url={href}>{children}</Link>,
  // What has no picture is shown as it was written, as Slack does.
  emoji: (data, parse) => {
    const shown = parse(data);
    return /^[\w+:-]*$/.test(shown) ? `:${data.name}:` : <span className="emoji">{shown}</span>;
  },
};

export function Drawn({ blocks }: { blocks: LibraryBlock[] }): ReactNode {
  const theme = useTheme();
  return <Message blocks={blocks.map(prepared)} name="" logo="" theme={theme} hooks={HOOKS} withoutWrapper unstyled />;
}

/** Rich text by its elements. */
export function Rich({ elements }: { elements: RichTextBlockElement[] }): ReactNode {
  return <Drawn blocks={[{ type: "rich_text", elements }]} />;
}

/** A text object. */
export function Text({ text }: { text: TextObject }): ReactNode {
  return <Rich elements={elementsOf(text)} />;
}

/** A text object on one line, e.g. on a button. Only letters and emoji: no mark-up, no links. */
export function Words({ text }: { text: TextObject }): ReactNode {
  if (text.type === "mrkdwn") return <Text text={text} />;
  return plain(text.text, text.emoji !== false).map((piece, at) =>
    piece.type === "emoji" ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text never move
      <Emoji key={at} name={piece.name} />
    ) : piece.type === "text" ? (
      piece.text
    ) : null,
  );
}

/** One emoji by its name. */
export function Emoji({ name }: { name: string }): ReactNode {
  return (
    <span className="inline-rich">
      <Rich elements={[{ type: "rich_text_section", elements: [{ type: "emoji", name }] }]} />
    </span>
  );
}

function elementsOf(text: TextObject): RichTextBlockElement[] {
  if (text.type === "mrkdwn") return mrkdwn(text.text);
  return [{ type: "rich_text_section", elements: plain(text.text, text.emoji !== false) }];
}

function prepared(block: LibraryBlock): LibraryBlock {
  // Without their ids: the library makes HTML ids of them, and an app's words are no names for parts of this page.
  switch (block.type) {
    case "rich_text":
      return richText(block);
    case "markdown":
      return { type: "markdown", text: block.text.replace(/!(?=\[[^\]\n]*\]\()/g, "") };
    case "header":
      return {
        type: "header",
        text: { ...block.text, verbatim: true },
        ...(block.level ? { level: block.level } : {}),
      };
    case "table":
      return table(block);
    default:
      return { type: "divider" };
  }
}

function richText(block: RichTextBlock): RichTextBlock {
  return {
    type: "rich_text",
    elements: block.elements.map((part) =>
      part.type === "rich_text_list"
        ? { ...part, elements: part.elements.map((item) => ({ ...item, elements: item.elements.map(dated) })) }
        : { ...part, elements: part.elements.map(dated) },
    ),
  };
}

/** The library shows dates in the words of the United States. */
function dated(element: RichTextSectionElement): RichTextSectionElement {
  if (element.type !== "date") return element;
  return { type: "text", text: formatDate(element.timestamp, element.format, ""), ...style(element.style) };
}

const style = <S,>(given: S | undefined): { style?: S } => (given === undefined ? {} : { style: given });

function table(block: TableBlock): TableBlock {
  return {
    type: "table",
    ...(block.column_settings ? { column_settings: block.column_settings } : {}),
    rows: block.rows.map((row) => row.map((cell) => (cell.type === "rich_text" ? richText(cell) : literal(cell)))),
  };
}

/** A cell whose text stays text: the library would look for mentions and links in it. */
function literal(cell: { text?: string; value?: number }): RichTextBlock {
  const text = cell.text ?? String(cell.value ?? "");
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}
