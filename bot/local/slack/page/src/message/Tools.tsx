// What a person can do with a message: react, reply, run the app's shortcuts, change or delete their own.

import type { ReactNode } from "react";
import { act } from "../api.ts";
import { Emoji } from "../blocks/Drawn.tsx";
import { Menu, type MenuItem } from "../controls/Menu.tsx";
import { useToast } from "../toasts.tsx";
import type { Answer, Message, Shortcut } from "../types.ts";

const REACTIONS = ["+1", "eyes", "white_check_mark", "tada", "thinking_face", "heart"];

export interface ToolsProps {
  message: Message;
  viewer: string;
  shortcuts: Shortcut[];
  onReply: (() => void) | null;
  onEdit: () => void;
}

export function Tools({ message, viewer, shortcuts, onReply, onEdit }: ToolsProps): ReactNode {
  const toast = useToast();
  const where = { user: viewer, channel: message.channel, ts: message.ts };
  const complain = (answer: Answer): void => {
    if (!answer.ok && answer.error !== "operation_timeout") toast(answer.error ?? "That did not work.");
  };
  const reactions = REACTIONS.map<MenuItem>((name) => ({
    key: name,
    label: <Emoji name={name} />,
    onPick: () => void act("react", { ...where, name }).then(complain),
  }));
  const own = message.user === viewer && !message.is_app && message.subtype !== "tombstone";
  const more: MenuItem[] = [
    ...(onReply ? [{ key: "reply", label: "Reply in thread", onPick: onReply }] : []),
    ...(own
      ? [
          { key: "edit", label: "Edit message", onPick: onEdit },
          {
            key: "delete",
            label: "Delete message",
            danger: true,
            onPick: () => void act("delete", where).then(complain),
          },
        ]
      : []),
    ...shortcuts.map((shortcut) => ({
      key: shortcut.callback_id,
      label: shortcut.name,
      hint: "Gavel",
      onPick: () => {
        const { callback_id } = shortcut;
        void act("shortcut", { user: viewer, callback_id, channel: message.channel, message_ts: message.ts }).then(
          complain,
        );
      },
    })),
  ];
  return (
    <div className="tools" role="toolbar" aria-label="Message">
      <Menu label="Add a reaction" face="☺" className="tool" items={reactions} />
      {onReply && (
        <button type="button" className="tool" title="Reply in thread" aria-label="Reply in thread" onClick={onReply}>
          ↩
        </button>
      )}
      {more.length > 0 && <Menu label="More actions" face="⋯" className="tool" items={more} />}
    </div>
  );
}
