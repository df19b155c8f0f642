// The workspace, live: loads what is looked at, listens for changes, and keeps the address in step.

import { useCallback, useEffect, useReducer, useRef } from "react";
import { act, listen, state as look, messagesOf, type Thread, threadOf } from "./api.ts";
import { toAddress } from "./place.ts";
import { saw, unreadOf } from "./seen.ts";
import { begin, type Place, reduce, type State } from "./store.ts";
import { useToast } from "./toasts.tsx";
import type { Change, Workspace } from "./types.ts";

export interface Slack {
  state: State;
  go: (place: Partial<Place>) => void;
  viewAs: (viewer: string) => void;
}

export function useSlack(workspace: Workspace, viewer: string, place: Place): Slack {
  const [state, tell] = useReducer(reduce, null, () => begin(workspace, viewer, place));
  const toast = useToast();
  const latest = useRef(state);
  latest.current = state;

  const refresh = useCallback(async (): Promise<void> => {
    const who = latest.current.viewer;
    const found = await look(who).catch(() => null);
    if (found && who === latest.current.viewer)
      tell({ type: "workspace", workspace: found, unread: unreadOf(found, who) });
  }, []);

  const loads = useRef(0);
  const load = useCallback(async (): Promise<void> => {
    const { viewer: who, place: where } = latest.current;
    loads.current += 1;
    const mine = loads.current;
    tell({ type: "loading" });
    const none: Thread = { messages: [] };
    const found = await Promise.all([
      messagesOf(where.channel, who),
      where.thread ? threadOf(where.channel, where.thread, who) : none,
    ]).catch(() => null);
    // Only the newest counts: what was heard since an older one began is not kept for it. When the workspace is away,
    // its stream says so, and everything is loaded once it is back.
    if (mine !== loads.current || who !== latest.current.viewer || found === null) return;
    const [messages, thread] = found;
    tell({ type: "loaded", messages, replies: thread.messages, pane: thread.pane ?? null });
  }, []);

  // Who looks: another stream, and everything anew.
  useEffect(() => {
    const heard = (changes: Change[]): void => {
      tell({ type: "heard", changes });
      for (const change of changes) if (change.kind === "notice" && change.detail.text) toast(change.detail.text);
      if (changes.some((change) => change.kind === "socket" || change.kind === "members")) void refresh();
    };
    const opened = (): void => {
      tell({ type: "link", link: "up" });
      void refresh();
      void load();
    };
    return listen(state.viewer, { heard, opened, lost: () => tell({ type: "link", link: "lost" }) });
  }, [state.viewer, refresh, load, toast]);

  // What is looked at.
  const { channel, thread, tab } = state.place;
  // biome-ignore lint/correctness/useExhaustiveDependencies: load() reads where to look when it runs
  useEffect(() => {
    void load();
  }, [channel, thread, load]);

  useEffect(() => {
    if (tab !== "home") return;
    const who = state.viewer;
    void act("home", { user: who }).then((answer) => {
      if (answer.view && who === latest.current.viewer) tell({ type: "home", view: answer.view });
    });
  }, [tab, state.viewer]);

  useEffect(() => {
    const name = state.workspace.users.find((user) => user.id === state.viewer)?.name ?? state.viewer;
    toAddress(name, state.place);
  }, [state.viewer, state.place, state.workspace]);

  useEffect(() => {
    const newest = [...state.messages.keys(), ...state.replies.keys()].reduce(
      (one, other) => (one > other ? one : other),
      "",
    );
    if (newest) saw(state.viewer, state.place.channel, newest);
  }, [state.messages, state.replies, state.viewer, state.place.channel]);

  const go = useCallback((next: Partial<Place>): void => {
    const before = latest.current.place;
    const elsewhere = next.channel !== undefined && next.channel !== before.channel;
    tell({ type: "go", place: { ...before, ...(elsewhere ? { thread: null, tab: "messages" } : {}), ...next } });
  }, []);

  const viewAs = useCallback((who: string): void => {
    const { workspace: known, place: before } = latest.current;
    const mine = known.channels.filter((each) => each.members.includes(who));
    const stays = mine.some((each) => each.id === before.channel);
    const own = mine.find((each) => each.kind === "im");
    const isDirect = known.channels.some((each) => each.id === before.channel && each.kind === "im");
    const next = stays ? before.channel : ((isDirect ? own : mine[0])?.id ?? before.channel);
    tell({ type: "view as", viewer: who, place: { ...before, channel: next, thread: stays ? before.thread : null } });
  }, []);

  return { state, go, viewAs };
}
