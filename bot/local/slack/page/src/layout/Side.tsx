import type { ReactNode } from "react";
import type { State } from "../store.ts";
import type { Channel } from "../types.ts";

export interface SideProps {
  state: State;
  onChannel: (id: string) => void;
}

export function Side({ state, onChannel }: SideProps): ReactNode {
  const mine = state.workspace.channels.filter((channel) => channel.members.includes(state.viewer));
  const section = (title: string, kind: Channel["kind"]): ReactNode => (
    <section>
      <h2>{title}</h2>
      <ul>
        {mine
          .filter((channel) => channel.kind === kind)
          .map((channel) => (
            <li key={channel.id}>
              <Entry
                channel={channel}
                current={channel.id === state.place.channel}
                unread={state.unread.get(channel.id) ?? 0}
                onOpen={onChannel}
              />
            </li>
          ))}
      </ul>
    </section>
  );
  return (
    <nav className="side" id="side" aria-label="Channels">
      {section("Channels", "channel")}
      {section("Apps", "im")}
    </nav>
  );
}

interface EntryProps {
  channel: Channel;
  current: boolean;
  unread: number;
  onOpen: (id: string) => void;
}

function Entry({ channel, current, unread, onOpen }: EntryProps): ReactNode {
  return (
    <button
      type="button"
      className={unread ? "channel unread" : "channel"}
      aria-current={current ? "page" : undefined}
      onClick={() => onOpen(channel.id)}
    >
      <span className="channel-name">
        <span aria-hidden="true">{channel.kind === "im" ? "⚖" : "#"}</span>{" "}
        {channel.kind === "im" ? "Gavel" : channel.name}
      </span>
      {unread > 0 && (
        <span className="count">
          <span className="sr">unread: </span>
          {unread > 99 ? "99+" : unread}
        </span>
      )}
    </button>
  );
}
