import type { ReactNode } from "react";
import { act } from "../api.ts";
import { Emoji } from "../blocks/Drawn.tsx";
import { useNames } from "../text/names.tsx";
import type { Message } from "../types.ts";

export function Reactions({ message, viewer }: { message: Message; viewer: string }): ReactNode {
  const names = useNames();
  if (message.reactions.length === 0) return null;
  return (
    <div className="reactions">
      {message.reactions.map((each) => {
        const mine = each.users.includes(viewer);
        const who = each.users.map(names.user).join(", ");
        return (
          <button
            key={each.name}
            type="button"
            className={mine ? "reaction mine" : "reaction"}
            title={`${who} reacted with :${each.name}:`}
            aria-label={`${each.name}, ${each.users.length}: ${who}`}
            onClick={() => act("react", { user: viewer, channel: message.channel, ts: message.ts, name: each.name })}
          >
            <Emoji name={each.name} /> {each.users.length}
          </button>
        );
      })}
    </div>
  );
}
