import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workspace } from "../types.ts";
import { suggest } from "./suggest.ts";

const workspace: Workspace = {
  team: { id: "T1", name: "Team" },
  bot_user: "U0",
  users: [
    { id: "U0", name: "gavel", real_name: "Gavel", title: "", is_bot: true },
    { id: "U1", name: "grace", real_name: "Grace Hopper", title: "", is_bot: false },
  ],
  channels: [{ id: "C1", name: "ops", kind: "channel", members: ["U1"], topic: "Ask here" }],
  usergroups: [{ id: "S1", handle: "sre", name: "Site reliability", users: [] }],
  commands: ["/gavel"],
  command_help: [
    { command: "/gavel", description: "Ask", usage_hint: "ask <what you need> | task <ID> | tasks | help" },
  ],
  mode: "socket",
  connections: 1,
  view: null,
};

const offered = (typed: string): string[] => suggest(workspace, typed, typed.length).map((each) => each.label);

test("a command and then its subcommands", () => {
  assert.deepEqual(offered("/"), ["/gavel"]);
  assert.deepEqual(offered("/gavel ta"), ["/gavel task", "/gavel tasks"]);
  assert.deepEqual(offered("/gavel tasks"), []);
  assert.deepEqual(offered("/gavel task X"), []);
  assert.deepEqual(offered("a /"), []);
});

test("people, groups and channels, by handle or by name", () => {
  assert.deepEqual(offered("hello @gra"), ["@grace"]);
  assert.deepEqual(offered("@hopper"), ["@grace"]);
  assert.deepEqual(offered("@site"), ["@sre"]);
  assert.deepEqual(offered("#o"), ["#ops"]);
  assert.deepEqual(offered("mail@gra"), []);
});
