// What is done with what a person typed: a slash command is run, everything else is said.

import { act } from "../api.ts";
import { encode } from "../text/mrkdwn.ts";
import type { Workspace } from "../types.ts";

export interface Where {
  workspace: Workspace;
  viewer: string;
  channel: string;
  thread: string | null;
}

/** Slack's own bound is higher; this workspace takes files of so many bytes, and so many with one message. */
const MOST_BYTES = 20 * 1024 * 1024;
const MOST_FILES = 10;

/** Null when it was sent, else the sentence that says why not. */
export async function send(
  { workspace, viewer, channel, thread }: Where,
  typed: string,
  files: File[] = [],
): Promise<string | null> {
  const common = { user: viewer, channel, ...(thread ? { thread_ts: thread } : {}) };
  const command = typed.split(/\s/, 1)[0] ?? "";
  if (command.startsWith("/")) {
    if (files.length) return "Slack takes no files with a slash command. Nothing was sent.";
    if (thread) return "Slack runs slash commands in the channel only, not in threads. Nothing was sent.";
    if (!workspace.commands.includes(command)) return `${command} is not a command here. Nothing was sent.`;
    const answer = await act("command", { ...common, command, text: typed.slice(command.length).trim() });
    // A command that failed is told by Slackbot, in a message of its own.
    return answer.ok || answer.message ? null : (answer.error ?? "That was not sent.");
  }
  const large = files.find((file) => file.size > MOST_BYTES || file.size === 0);
  if (large) return `${large.name} is empty or over 20 MB. Nothing was sent.`;
  if (files.length > MOST_FILES) return `Slack takes at most ${MOST_FILES} files with a message. Nothing was sent.`;
  const said = { ...common, text: referring(workspace, encode(typed)) };
  const answer = await act("say", files.length ? { ...said, files: await Promise.all(files.map(uploaded)) } : said);
  return answer.ok ? null : (answer.error ?? "That was not sent.");
}

/** `@here` and `#ops` as Slack's composer sends them; `@ada` is made a mention by the workspace. */
function referring(workspace: Workspace, text: string): string {
  const ids = new Map(workspace.channels.filter((each) => each.kind === "channel").map((each) => [each.name, each.id]));
  return text
    .replace(/(^|\s)@(here|channel|everyone)\b/g, "$1<!$2>")
    .replace(/(^|\s)#([\w-]+)/g, (whole, space: string, name: string) => {
      const id = ids.get(name);
      return id ? `${space}<#${id}>` : whole;
    });
}

/** A file as the workspace takes it: its name, and its bytes as base64. */
async function uploaded(file: File): Promise<{ name: string; data: string }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { name: file.name, data: btoa(binary) };
}
