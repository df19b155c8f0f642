// What the page knows, and how each change of the workspace changes that. Pure: no requests, no timers.

import type { Change, Message, Prompt, View, Workspace } from "./types.ts";

export interface Place {
  channel: string;
  /** The root of the open thread. */
  thread: string | null;
  tab: "messages" | "home";
}

/** What an app says about a thread it works in. */
export interface Assistant {
  status?: string;
  loading_messages?: string[];
  title?: string;
  prompts_title?: string;
  prompts?: Prompt[];
}

export interface State {
  workspace: Workspace;
  viewer: string;
  place: Place;
  link: "connecting" | "up" | "lost";
  messages: ReadonlyMap<string, Message>;
  replies: ReadonlyMap<string, Message>;
  /** By `channel/thread_ts`. */
  assistant: ReadonlyMap<string, Assistant>;
  /** Messages in each channel that the viewer has not seen. */
  unread: ReadonlyMap<string, number>;
  /** Threads of the open channel with replies that the viewer has not seen. */
  fresh: ReadonlySet<string>;
  view: View | null;
  home: View | null;
  /** What was heard since loading began: it may be newer than what is being loaded. */
  meanwhile: Change[] | null;
}

export type Action =
  | { type: "go"; place: Place }
  | { type: "view as"; viewer: string; place: Place }
  | { type: "link"; link: State["link"] }
  | { type: "loading" }
  | { type: "workspace"; workspace: Workspace; unread: Map<string, number> }
  | { type: "loaded"; messages: Message[]; replies: Message[]; pane: Assistant | null }
  | { type: "home"; view: View | null }
  | { type: "heard"; changes: Change[] };

/** Messages of a channel that are kept at most: a storm of alerts must not make the page slow. */
const MOST = 300;

export function begin(workspace: Workspace, viewer: string, place: Place): State {
  return {
    workspace,
    viewer,
    place,
    link: "connecting",
    messages: new Map(),
    replies: new Map(),
    assistant: new Map(),
    unread: new Map(),
    fresh: new Set(),
    view: null,
    home: null,
    meanwhile: null,
  };
}

export const threadKey = (channel: string, ts: string | null): string => `${channel}/${ts ?? ""}`;

/** Oldest first. A `ts` sorts as text. */
export function ordered(messages: ReadonlyMap<string, Message>): Message[] {
  return [...messages.values()].sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "go": {
      const elsewhere = action.place.channel !== state.place.channel;
      return {
        ...state,
        place: action.place,
        messages: elsewhere ? new Map() : state.messages,
        replies: action.place.thread === state.place.thread && !elsewhere ? state.replies : new Map(),
        unread: without(state.unread, action.place.channel),
        fresh: elsewhere ? new Set() : minus(state.fresh, action.place.thread),
      };
    }
    case "view as":
      return { ...begin(state.workspace, action.viewer, action.place), assistant: state.assistant };
    case "link":
      return { ...state, link: action.link };
    case "loading":
      return { ...state, meanwhile: [] };
    case "workspace": {
      const { workspace, unread } = action;
      const home = workspace.home ?? state.home;
      return { ...state, workspace, view: workspace.view, home, unread: without(unread, state.place.channel) };
    }
    case "loaded": {
      const { channel, thread } = state.place;
      const loaded = {
        ...state,
        messages: byTs(action.messages),
        replies: byTs(action.replies),
        assistant: action.pane
          ? new Map(state.assistant).set(threadKey(channel, thread), action.pane)
          : state.assistant,
        meanwhile: null,
      };
      return (state.meanwhile ?? []).reduce(told, loaded);
    }
    case "home":
      return { ...state, home: action.view };
    case "heard": {
      const next = action.changes.reduce(told, state);
      return state.meanwhile ? { ...next, meanwhile: [...state.meanwhile, ...action.changes] } : next;
    }
  }
}

const byTs = (messages: Message[]): Map<string, Message> => new Map(messages.map((message) => [message.ts, message]));

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

function minus(set: ReadonlySet<string>, key: string | null): ReadonlySet<string> {
  return key === null || !set.has(key) ? set : new Set([...set].filter((each) => each !== key));
}

function told(state: State, change: Change): State {
  switch (change.kind) {
    case "view":
      return { ...state, view: change.detail.view ?? null };
    case "home":
      return { ...state, home: change.detail.view ?? null };
    case "status":
      return said(state, change);
    case "message":
    case "ephemeral":
    case "changed":
    case "deleted":
    case "reaction":
      return change.message ? shown(state, change, change.message) : state;
    default:
      return state;
  }
}

function said(state: State, { channel, detail }: Change): State {
  const key = threadKey(channel, detail.thread_ts ?? null);
  return { ...state, assistant: new Map(state.assistant).set(key, { ...state.assistant.get(key), ...detail }) };
}

function shown(state: State, change: Change, message: Message): State {
  const { place } = state;
  const isReply = message.thread_ts !== null && message.thread_ts !== message.ts;
  const news = change.kind === "message" && message.user !== state.viewer;
  let next = state;
  if (message.is_app && change.kind === "message") next = quiet(next, message);
  if (message.channel !== place.channel) {
    const mine = state.workspace.channels.some(
      (channel) => channel.id === message.channel && channel.members.includes(state.viewer),
    );
    if (!news || !mine) return next;
    const count = (next.unread.get(message.channel) ?? 0) + 1;
    return { ...next, unread: new Map(next.unread).set(message.channel, count) };
  }
  if (!isReply) next = { ...next, messages: placed(next.messages, change, message) };
  if (message.ts === place.thread || message.thread_ts === place.thread) {
    next = { ...next, replies: placed(next.replies, change, message) };
  }
  if (isReply && change.kind === "message") next = counted(next, message, news);
  return next;
}

/** A message ends the status that its author showed in the thread. */
function quiet(state: State, message: Message): State {
  const key = threadKey(message.channel, message.thread_ts);
  const known = state.assistant.get(key);
  if (!known?.status) return state;
  return { ...state, assistant: new Map(state.assistant).set(key, { ...known, status: "" }) };
}

function placed(map: ReadonlyMap<string, Message>, change: Change, message: Message): ReadonlyMap<string, Message> {
  const copy = new Map(map);
  if (change.kind === "deleted" && message.subtype !== "tombstone") copy.delete(message.ts);
  else copy.set(message.ts, message);
  // New ones come last, so the first are the oldest.
  if (copy.size > MOST) for (const ts of [...copy.keys()].slice(0, copy.size - MOST)) copy.delete(ts);
  return copy;
}

function counted(state: State, reply: Message, news: boolean): State {
  const parent = state.messages.get(reply.thread_ts ?? "");
  if (!parent) return state;
  const grown = { ...parent, reply_count: parent.reply_count + 1, latest_reply: reply.ts };
  const seen = !news || parent.ts === state.place.thread;
  return {
    ...state,
    messages: new Map(state.messages).set(parent.ts, grown),
    fresh: seen ? state.fresh : new Set(state.fresh).add(parent.ts),
  };
}
