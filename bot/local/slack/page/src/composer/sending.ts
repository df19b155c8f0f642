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

/** Null when it was sent, else the sentence that says why not. */
export async function send({ workspace, viewer, channel, thread }: Where, typed: string): Promise<string | null> {
  const common = { user: viewer, channel, ...(thread ? { thread_ts: thread } : {}) };
  const command = typed.split(/\s/, 1)[0] ?? "";
  if (command.startsWith("/")) {
    if (thread) return "Slack runs slash commands in the channel only, not in threads. Nothing was sent.";
    if (!workspace.commands.includes(command)) return `${command} is not a command here. Nothing was sent.`;
    const answer = await act("command", { ...common, command, text: typed.slice(command.length).trim() });
    // A command that failed is told by Slackbot, in a message of its own.
    return answer.ok || answer.message ? null : (answer.error ?? "That was not sent.");
  }
  const answer = await act("say", { ...common, text: referring(workspace, encode(typed)) });
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
