// Messages from the oldest to the newest. Who reads at the end stays at the end.

import { Fragment, type ReactNode, useLayoutEffect, useRef } from "react";
import { dayOf } from "../text/dates.ts";
import type { Message, Shortcut } from "../types.ts";
import { MessageItem } from "./MessageItem.tsx";

/** Seconds within which one author's messages are shown under one head. */
const TOGETHER = 300;
/** Pixels from the end that still count as the end. */
const NEAR = 90;

export interface MessageListProps {
  label: string;
  messages: Message[];
  viewer: string;
  shortcuts: Shortcut[];
  fresh: ReadonlySet<string>;
  onThread: ((ts: string) => void) | null;
  empty: ReactNode;
}

export function MessageList({ label, messages, empty, fresh, ...each }: MessageListProps): ReactNode {
  const ref = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever is drawn anew may have moved the end
  useLayoutEffect(() => {
    const list = ref.current;
    if (list && atEnd.current) list.scrollTop = list.scrollHeight;
  }, [messages]);
  return (
    <ol
      className="messages"
      ref={ref}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard, too
      tabIndex={0}
      aria-label={label}
      aria-live="polite"
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
      }}
    >
      {messages.length === 0 && <li className="empty">{empty}</li>}
      {messages.map((message, at) => {
        const before = messages[at - 1];
        const day = dayOf(message.ts);
        const newDay = !before || dayOf(before.ts) !== day;
        return (
          <Fragment key={message.ts}>
            {newDay && (
              <li className="day">
                <span>{day}</span>
              </li>
            )}
            <MessageItem
              message={message}
              follows={!newDay && before !== undefined && together(before, message)}
              fresh={fresh.has(message.ts)}
              {...each}
            />
          </Fragment>
        );
      })}
    </ol>
  );
}

function together(before: Message, message: Message): boolean {
  // An app's cards keep their heads: where one ends and the next begins must be plain.
  return (
    !message.is_app &&
    before.author === message.author &&
    before.user === message.user &&
    before.ephemeral === message.ephemeral &&
    before.reply_count === 0 &&
    Number(message.ts) - Number(before.ts) < TOGETHER
  );
}
