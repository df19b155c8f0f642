// Talking to the local workspace: look, act, and hear of changes.

import type { Assistant } from "./store.ts";
import type { Answer, Change, Message, Workspace } from "./types.ts";

async function get<T>(path: string, query: Record<string, string>): Promise<T> {
  const response = await fetch(`/local/${path}?${new URLSearchParams(query)}`);
  if (!response.ok) throw new Error(`The workspace answered ${response.status} to ${path}.`);
  return response.json();
}

export const state = (viewer?: string): Promise<Workspace> => get("state", viewer ? { viewer } : {});

export async function messagesOf(channel: string, viewer: string): Promise<Message[]> {
  return (await get<{ messages: Message[] }>("channel", { channel, viewer })).messages;
}

export interface Thread {
  /** The parent first; empty when there is no such thread. */
  messages: Message[];
  /** What an app says about it. */
  pane?: Assistant;
}

export async function threadOf(channel: string, ts: string, viewer: string): Promise<Thread> {
  try {
    return await get<Thread>("thread", { channel, ts, viewer });
  } catch {
    return { messages: [] };
  }
}

/** Do something as a person. What went wrong comes back as a sentence, never as an exception. */
export async function act(path: string, body: Record<string, unknown>): Promise<Answer> {
  try {
    const response = await fetch(`/local/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer: Answer = await response.json();
    return answer;
  } catch {
    return { ok: false, error: "The local workspace does not answer: is it still running? Nothing was sent." };
  }
}

export interface Listening {
  heard: (changes: Change[]) => void;
  opened: () => void;
  lost: () => void;
}

/** Milliseconds in which changes are gathered, so that a storm of them is drawn a few times a second. */
const GATHER_MS = 50;

/** Call `heard` with the changes that `viewer` sees, until the returned function is called. */
export function listen(viewer: string, { heard, opened, lost }: Listening): () => void {
  const source = new EventSource(`/local/stream?${new URLSearchParams({ viewer })}`);
  let gathered: Change[] = [];
  let timer: number | undefined;
  const flush = (): void => {
    timer = undefined;
    const changes = gathered;
    gathered = [];
    heard(changes);
  };
  source.onmessage = (event: MessageEvent<string>) => {
    const change: Change = JSON.parse(event.data);
    gathered.push(change);
    timer ??= window.setTimeout(flush, GATHER_MS);
  };
  source.onopen = opened;
  source.onerror = lost;
  return () => {
    source.close();
    window.clearTimeout(timer);
  };
}
