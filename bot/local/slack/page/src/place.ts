// Where the page is, in its address: `#as=ada&channel=C0OPS00001&thread=1.2`, or a permalink of a message.

import type { Place } from "./store.ts";
import type { Person, Workspace } from "./types.ts";

/** Who looks, and at what. A permalink is `/archives/CHANNEL/p` and the ts without its point. */
export function fromAddress(workspace: Workspace): { viewer: Person; place: Place } | null {
  const hash = new URLSearchParams(location.hash.slice(1));
  const link = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(location.pathname);
  const people = workspace.users.filter((user) => !user.is_bot);
  const viewer = people.find((user) => user.name === hash.get("as")) ?? people[0];
  const wanted = hash.get("channel") ?? link?.[1];
  const mine = workspace.channels.filter((channel) => viewer && channel.members.includes(viewer.id));
  const channel = mine.find((each) => each.id === wanted || each.name === wanted) ?? mine[0];
  if (!viewer || !channel) return null;
  const root = new URLSearchParams(location.search).get("thread_ts") ?? (link ? `${link[2]}.${link[3]}` : null);
  const tab = hash.get("tab") === "home" ? "home" : "messages";
  return { viewer, place: { channel: channel.id, thread: hash.get("thread") ?? root, tab } };
}

export function toAddress(viewer: string, place: Place): void {
  const hash = new URLSearchParams({ as: viewer, channel: place.channel });
  if (place.thread) hash.set("thread", place.thread);
  if (place.tab === "home") hash.set("tab", "home");
  history.replaceState(null, "", `/#${hash}`);
}
