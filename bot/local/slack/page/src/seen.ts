// Up to where each person has read each channel, kept in this browser.

import type { Workspace } from "./types.ts";

type Seen = Record<string, string>;

const key = (viewer: string): string => `gavel.seen.${viewer}`;

function seenBy(viewer: string): Seen {
  try {
    const kept: Seen = JSON.parse(localStorage.getItem(key(viewer)) ?? "{}");
    return kept;
  } catch {
    return {};
  }
}

export function saw(viewer: string, channel: string, ts: string): void {
  const seen = seenBy(viewer);
  if ((seen[channel] ?? "") >= ts) return;
  localStorage.setItem(key(viewer), JSON.stringify({ ...seen, [channel]: ts }));
}

/** The viewer's channels in which something is newer than what they saw. How many is not known: one at least. */
export function unreadOf(workspace: Workspace, viewer: string): Map<string, number> {
  const seen = seenBy(viewer);
  const mine = workspace.channels.filter((channel) => channel.members.includes(viewer));
  const latest = workspace.latest ?? {};
  return new Map(
    mine.filter((channel) => (latest[channel.id] ?? "") > (seen[channel.id] ?? "")).map((channel) => [channel.id, 1]),
  );
}
