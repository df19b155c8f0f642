// What the local workspace serves under /local/, as the page reads it (bot/local/slack/render.py, lookout.py, views.py).

import type { AnyBlock, TextObject } from "./blocks/types.ts";

export interface Person {
  id: string;
  name: string;
  real_name: string;
  title: string;
  is_bot: boolean;
}

export interface Channel {
  id: string;
  name: string;
  kind: "channel" | "im";
  members: string[];
  topic: string;
}

export interface Command {
  command: string;
  description: string;
  usage_hint: string;
}

export interface Shortcut {
  callback_id: string;
  name: string;
  type: "global" | "message";
}

export interface Workspace {
  team: { id: string; name: string };
  bot_user: string;
  channels: Channel[];
  users: Person[];
  usergroups: { id: string; handle: string; name: string; users: string[] }[];
  commands: string[];
  command_help?: Command[];
  shortcuts?: Shortcut[];
  mode: "http" | "socket";
  connections: number;
  view: View | null;
  home?: View | null;
  /** The newest message of each channel, so that what came while nobody looked shows as unread. */
  latest?: Record<string, string>;
}

export interface View {
  id: string;
  hash: string;
  type: "modal" | "home";
  title: TextObject | null;
  submit: TextObject | null;
  close: TextObject | null;
  blocks: AnyBlock[];
}

export interface Stream {
  state: "in_progress" | "completed" | "errored";
}

export interface Attachment {
  color?: string;
  pretext?: string;
  title?: string;
  title_link?: string;
  text?: string;
  fallback?: string;
  author_name?: string;
  footer?: string;
  fields?: { title: string; value: string }[];
  blocks?: AnyBlock[];
}

export interface SharedFile {
  id: string;
  name?: string;
  title?: string;
  mimetype?: string;
  size?: number;
}

export interface Message {
  channel: string;
  ts: string;
  thread_ts: string | null;
  user: string | null;
  author: string;
  is_app: boolean;
  subtype: string | null;
  text: string;
  blocks: AnyBlock[];
  attachments: Attachment[];
  files?: SharedFile[];
  ephemeral: boolean;
  edited: boolean;
  reactions: { name: string; users: string[] }[];
  stream: Stream | null;
  reply_count: number;
  latest_reply: string | null;
}

export interface Prompt {
  title: string;
  message: string;
}

/** One change, as `/local/stream` tells it. */
export interface Change {
  seq: number;
  kind: string;
  channel: string;
  ts: string | null;
  thread_ts: string | null;
  message: Message | null;
  user: string | null;
  detail: {
    view?: View | null;
    text?: string;
    thread_ts?: string;
    status?: string;
    loading_messages?: string[];
    title?: string;
    prompts_title?: string;
    prompts?: Prompt[];
  };
}

/** What `/local/` answers when somebody acts. `error` is a sentence or Slack's name for what was wrong. */
export interface Answer {
  ok: boolean;
  error?: string;
  message?: string;
  errors?: Record<string, string>;
  view?: View | null;
  /** Of an assistant's thread that was opened. */
  channel?: string;
  thread_ts?: string;
}
