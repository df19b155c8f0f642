import { memo, type ReactNode, useState } from "react";
import { ActingOn } from "../acting.tsx";
import { clock, timeOf } from "../text/dates.ts";
import type { Message, Shortcut } from "../types.ts";
import { Avatar } from "./Avatar.tsx";
import { Body } from "./Body.tsx";
import { EditBox } from "./EditBox.tsx";
import { Guarded } from "./Guarded.tsx";
import { Reactions } from "./Reactions.tsx";
import { Tools } from "./Tools.tsx";

export interface MessageItemProps {
  message: Message;
  viewer: string;
  shortcuts: Shortcut[];
  /** It follows another one of the same author at once, and needs no head of its own. */
  follows: boolean;
  /** There are replies that the viewer has not seen. */
  fresh: boolean;
  /** Opens its thread; null inside one. */
  onThread: ((ts: string) => void) | null;
}

export const MessageItem = memo(function MessageItem(props: MessageItemProps): ReactNode {
  const { message, viewer, shortcuts, follows, fresh, onThread } = props;
  const [editing, setEditing] = useState(false);
  const isReply = message.thread_ts !== null && message.thread_ts !== message.ts;
  const thread = onThread && !isReply && !message.ephemeral ? () => onThread(message.ts) : null;
  return (
    <li className={`message${message.ephemeral ? " ephemeral" : ""}${follows ? " follows" : ""}`} data-ts={message.ts}>
      {follows ? <span className="gutter" /> : <Avatar name={message.author} isApp={message.is_app} />}
      <article className="content" aria-label={`${message.author}, ${clock(message.ts)}`}>
        {message.ephemeral && <p className="only-you">Only visible to you</p>}
        {!follows && (
          <div className="who">
            <strong>{message.author}</strong>
            {message.is_app && <span className="badge">APP</span>}
            <time dateTime={timeOf(message.ts).toISOString()} title={timeOf(message.ts).toLocaleString()}>
              {clock(message.ts)}
            </time>
          </div>
        )}
        {editing ? (
          <EditBox message={message} done={() => setEditing(false)} />
        ) : (
          <ActingOn user={viewer} target={{ channel: message.channel, message_ts: message.ts }}>
            <Guarded fallback={message.text} of={message}>
              <Body message={message} />
            </Guarded>
          </ActingOn>
        )}
        <Reactions message={message} viewer={viewer} />
        {thread && message.reply_count > 0 && (
          <button type="button" className="replies" onClick={thread}>
            {message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`}
            {message.latest_reply && <span className="quiet">last at {clock(message.latest_reply)}</span>}
            {fresh && <span className="new">new</span>}
          </button>
        )}
      </article>
      {!message.ephemeral && !editing && (
        <Tools
          message={message}
          viewer={viewer}
          shortcuts={shortcuts}
          onReply={thread}
          onEdit={() => setEditing(true)}
        />
      )}
    </li>
  );
});
