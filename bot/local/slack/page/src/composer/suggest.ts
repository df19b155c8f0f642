// What the composer offers while a person types: commands at the start, people and channels anywhere.

import type { Workspace } from "../types.ts";

export interface Suggestion {
  /** What stands in the text from `from` up to the caret, when it is taken. */
  insert: string;
  from: number;
  label: string;
  hint: string;
}

const MOST = 8;

/** The subcommands of a usage hint: `ask <what you need> | mode | help`. */
function subcommands(hint: string): { name: string; rest: string }[] {
  return hint
    .split("|")
    .map((part) => part.trim())
    .filter((part) => /^[a-z]/.test(part))
    .map((part) => {
      const [name = "", ...rest] = part.split(/\s+(?=[<[])/);
      return { name, rest: rest.join(" ") };
    });
}

export function suggest(workspace: Workspace, text: string, caret: number): Suggestion[] {
  const before = text.slice(0, caret);
  if (before.startsWith("/")) return commands(workspace, before).slice(0, MOST);
  const word = /(?:^|\s)([@#][\w.-]*)$/.exec(before)?.[1];
  if (word === undefined) return [];
  const from = caret - word.length;
  const sought = word.slice(1).toLowerCase();
  const offered = word.startsWith("@") ? handles(workspace) : channels(workspace);
  return offered
    .filter((each) => each.name.toLowerCase().startsWith(sought) || each.hint.toLowerCase().includes(sought))
    .slice(0, MOST)
    .map((each) => ({
      insert: `${word.charAt(0)}${each.name} `,
      from,
      label: `${word.charAt(0)}${each.name}`,
      hint: each.hint,
    }));
}

function commands(workspace: Workspace, before: string): Suggestion[] {
  const [typed = "", ...rest] = before.split(" ");
  const help = (command: string) => workspace.command_help?.find((each) => each.command === command);
  if (rest.length === 0) {
    return workspace.commands
      .filter((command) => command.startsWith(typed) && command !== `${typed} `)
      .map((command) => ({ insert: `${command} `, from: 0, label: command, hint: help(command)?.description ?? "" }));
  }
  const sought = rest.join(" ");
  return subcommands(help(typed)?.usage_hint ?? "")
    .filter((each) => each.name.startsWith(sought) && each.name !== sought)
    .map((each) => ({
      insert: `${typed} ${each.name} `,
      from: 0,
      label: `${typed} ${each.name}`,
      hint: each.rest,
    }));
}

function handles(workspace: Workspace): { name: string; hint: string }[] {
  const people = workspace.users.filter((user) => user.name !== "slackbot");
  return [
    ...people.map((user) => ({ name: user.name, hint: user.is_bot ? `${user.real_name}, app` : user.real_name })),
    ...workspace.usergroups.map((group) => ({ name: group.handle, hint: group.name })),
  ];
}

function channels(workspace: Workspace): { name: string; hint: string }[] {
  return workspace.channels
    .filter((channel) => channel.kind === "channel")
    .map((channel) => ({ name: channel.name, hint: channel.topic }));
}
