// Where the page is, in its address: `#as=ada&channel=C0OPS00001&thread=1.2`, or a permalink of a message.

import type { Place } from "./store.ts";
import { permalink } from "./text/Link.tsx";
import type { Person, Workspace } from "./types.ts";

/** Who looks, and at what. */
export function fromAddress(workspace: Workspace): { viewer: Person; place: Place } | null {
  const hash = new URLSearchParams(location.hash.slice(1));
  const link = permalink(location.pathname, location.search);
  const people = workspace.users.filter((user) => !user.is_bot);
  const viewer = people.find((user) => user.name === hash.get("as")) ?? people[0];
  const wanted = hash.get("channel") ?? link?.channel;
  const mine = workspace.channels.filter((channel) => viewer && channel.members.includes(viewer.id));
  const channel = mine.find((each) => each.id === wanted || each.name === wanted) ?? mine[0];
  if (!viewer || !channel) return null;
  const tab = hash.get("tab") === "home" ? "home" : "messages";
  return { viewer, place: { channel: channel.id, thread: hash.get("thread") ?? link?.thread ?? null, tab } };
}

export function toAddress(viewer: string, place: Place): void {
  const hash = new URLSearchParams({ as: viewer, channel: place.channel });
  if (place.thread) hash.set("thread", place.thread);
  if (place.tab === "home") hash.set("tab", "home");
  history.replaceState(null, "", `/#${hash}`);
}
