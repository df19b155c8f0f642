package ql.ai.commands_test

import data.ql.ai.commands

said(command, surface, roles) := {
	"caller": {"org": "T1", "user": "U1", "roles": roles},
	"command": command,
	"surface": surface,
}

decided(document) := decision if {
	decision := commands.decision with input as document
}

rules(document) := {entry.rule | some entry in decided(document).deny}

test_what_is_open_to_all_needs_no_role[command] if {
	some command in commands.open_to_all
	decided(said(command, "command", null)) == {"allow": true, "deny": set(), "version": "1"}
}

test_each_role_gives_its_commands_and_no_other[name] if {
	some command, needed in commands.kept_to
	some role in commands.any_role
	name := concat(" ", [command, role])
	allowed := decided(said(command, "button", [role])).allow
	expected := role in needed
	allowed == expected
}

# Written out again: a role that is added to the table is added here, too, or nowhere.
needed := {
	"approvals": {"admin", "approver", "operator", "viewer"},
	"doctor": {"admin", "approver", "operator"},
	"feedback": {"admin", "approver", "operator", "viewer"},
	"freeze": {"admin", "approver", "operator", "viewer"},
	"freeze.declare": {"admin", "approver"},
	"freeze.thaw": {"admin", "approver"},
	"keys.org": {"admin"},
	"look_into": {"admin", "approver", "operator"},
	"mode.set": {"admin", "approver"},
	"policy": {"admin", "approver", "operator", "viewer"},
	"task": {"admin", "approver", "operator", "viewer"},
	"tasks": {"admin", "approver", "operator", "viewer"},
}

test_the_table_of_roles if commands.kept_to == needed

test_nothing_is_both_open_and_kept if count(commands.open_to_all & object.keys(commands.kept_to)) == 0

test_who_holds_no_role_is_told_which[name] if {
	some name, roles in {"none": [], "not read": null, "a stranger's": ["janitor"], "no text": [7]}
	some entry in decided(said("freeze.declare", "form", roles)).deny
	entry.rule == "commands.role"
	entry.reason == "it needs one of the roles admin, approver, and you hold none of them"
}

refused := {
	"commands.nobody": [{"op": "add", "path": "/caller/user", "value": ""}],
	"commands.no_org": [{"op": "add", "path": "/caller/org", "value": ""}],
	"commands.no_person": [{"op": "add", "path": "/caller/user", "value": "alert:1"}],
	"commands.surface": [{"op": "add", "path": "/surface", "value": "pigeon"}],
	"commands.identity": [{"op": "add", "path": "/caller/user", "value": "terminal:ada"}],
	"commands.unknown": [{"op": "add", "path": "/command", "value": "unlisted"}],
	"input.incomplete": [{"op": "remove", "path": "/caller/roles"}],
}

test_each_rule_refuses_alone[rule] if {
	some rule, patches in refused
	document := json.patch(said("ask", "event", ["admin"]), patches)
	rules(document) == {rule}
	decided(document).allow == false
}

at_terminal(command) := {
	"caller": {"org": "T1", "user": "terminal:ada", "roles": []},
	"command": command,
	"surface": "terminal",
}

test_what_there_is_at_a_terminal[command] if {
	some command in commands.at_a_terminal
	decided(at_terminal(command)).allow
}

test_a_terminal_is_no_way_around_it[command] if {
	some command in {"approve", "ask", "freeze.declare", "mode.set", "reject"}
	rules(at_terminal(command)) == {"commands.unknown"}
}

test_slack_has_no_commands_of_the_terminal if rules(said("tools", "command", ["admin"])) == {"commands.unknown"}

test_nobody_in_slack_is_a_person_at_a_terminal if {
	document := json.patch(at_terminal("keys"), [{"op": "add", "path": "/caller/user", "value": "U1"}])
	rules(document) == {"commands.identity"}
}
