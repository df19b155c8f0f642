// Names for the ids in mentions, known everywhere below the workspace.

import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { Channel, Person, Workspace } from "../types.ts";

export interface Names {
  user: (id: string) => string;
  channel: (id: string) => string;
  group: (id: string) => string;
  /** The humans. */
  people: Person[];
  /** Public channels. */
  channels: Channel[];
}

const itself = (id: string): string => id;

const Context = createContext<Names>({ user: itself, channel: itself, group: itself, people: [], channels: [] });

export const useNames = (): Names => useContext(Context);

export function NamesOf({ workspace, children }: { workspace: Workspace; children: ReactNode }): ReactNode {
  const names = useMemo<Names>(() => {
    const users = new Map(workspace.users.map((user) => [user.id, user.name]));
    const channels = new Map(workspace.channels.map((channel) => [channel.id, channel.name]));
    const groups = new Map(workspace.usergroups.map((group) => [group.id, group.handle]));
    return {
      user: (id) => users.get(id) ?? id,
      channel: (id) => channels.get(id) ?? id,
      group: (id) => groups.get(id) ?? id,
      people: workspace.users.filter((user) => !user.is_bot),
      channels: workspace.channels.filter((channel) => channel.kind === "channel"),
    };
  }, [workspace]);
  return <Context value={names}>{children}</Context>;
}
