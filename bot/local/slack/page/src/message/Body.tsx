// What a message says: blocks or text, attachments, files.

import type { ReactNode } from "react";
import { Blocks } from "../blocks/Blocks.tsx";
import { Rich } from "../blocks/Drawn.tsx";
import { Link } from "../text/Link.tsx";
import { mrkdwn } from "../text/mrkdwn.ts";
import type { Attachment, Message } from "../types.ts";
import { Files } from "./Files.tsx";

export function Body({ message }: { message: Message }): ReactNode {
  return (
    <div className="body">
      {message.blocks.length > 0 ? (
        <Blocks blocks={message.blocks} stream={message.stream} />
      ) : (
        message.text && <Rich elements={mrkdwn(message.text)} />
      )}
      {message.attachments.map((attachment, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: attachments have no names
        <AttachmentBox key={at} attachment={attachment} />
      ))}
      {message.files && message.files.length > 0 && <Files files={message.files} />}
      {message.stream?.state === "in_progress" && <p className="quiet streaming">still writing…</p>}
      {message.stream?.state === "errored" && (
        <p className="field-error">This message was cut off: its stream was never finished.</p>
      )}
      {message.edited && <span className="quiet">(edited)</span>}
    </div>
  );
}

/** Slack's three named colours; any other is only a colour. */
const COLOURS = new Map([
  ["good", "success"],
  ["warning", "warning"],
  ["danger", "error"],
]);

function AttachmentBox({ attachment }: { attachment: Attachment }): ReactNode {
  const colour = attachment.color ?? "";
  const title = attachment.title && <Rich elements={mrkdwn(attachment.title)} />;
  const custom = /^#?[0-9a-f]{6}$/i.test(colour) ? { borderColor: `#${colour.replace("#", "")}` } : undefined;
  const nothing = !attachment.title && !attachment.text && !attachment.blocks?.length && !attachment.fields?.length;
  return (
    <div className={`attachment ${COLOURS.get(colour) ?? ""}`} style={custom}>
      {attachment.pretext && <Rich elements={mrkdwn(attachment.pretext)} />}
      {attachment.author_name && <div className="quiet">{attachment.author_name}</div>}
      {title && (
        <div className="attachment-title">
          {attachment.title_link ? <Link url={attachment.title_link}>{attachment.title}</Link> : title}
        </div>
      )}
      {attachment.text && <Rich elements={mrkdwn(attachment.text)} />}
      {attachment.fields && (
        <div className="fields">
          {attachment.fields.map((field) => (
            <div key={field.title}>
              <strong>{field.title}</strong>
              <Rich elements={mrkdwn(field.value)} />
            </div>
          ))}
        </div>
      )}
      {attachment.blocks && <Blocks blocks={attachment.blocks} />}
      {nothing && attachment.fallback && <Rich elements={mrkdwn(attachment.fallback)} />}
      {attachment.footer && <div className="quiet">{attachment.footer}</div>}
    </div>
  );
}
