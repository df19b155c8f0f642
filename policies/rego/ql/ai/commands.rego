# May this person give this command, on this surface? Asked before anything is done about what somebody typed, clicked or
# sent. What a task may then do is for the other packages, which are asked when it counts.
package ql.ai.commands

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := findings

fields := [
	{"at": ["caller", "org"], "is": ["string"]},
	{"at": ["caller", "user"], "is": ["string"]},
	{"at": ["caller", "roles"], "is": ["array", "null"]},
	{"at": ["command"], "is": ["string"]},
	{"at": ["surface"], "is": ["string"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

# --- what there is, and whose it is ---

# Anybody whom the workspace has authenticated. What they ask for meets the gates of its task; a decision on a plan, an
# answer and a stop are judged by their task, which knows its quorum, its requester and what roles were lent.
open_to_all := {
	"answer",
	"approve",
	"ask",
	"ask.form",
	"cancel",
	"delegate",
	"edit",
	"files",
	"help",
	"home",
	"keys",
	"link",
	"mode",
	"models",
	"pane",
	"pause",
	"reject",
	"resume",
	"usage",
}

any_role := {"viewer", "operator", "approver", "admin"}

# Command → the roles of which one is enough.
kept_to := {
	"approvals": any_role,
	"doctor": {"operator", "approver", "admin"},
	"feedback": any_role,
	"freeze": any_role,
	"freeze.declare": {"approver", "admin"},
	"freeze.thaw": {"approver", "admin"},
	"keys.org": {"admin"},
	"look_into": {"operator", "approver", "admin"},
	"mode.set": {"approver", "admin"},
	"policy": any_role,
	"task": any_role,
	"tasks": any_role,
}

# Whoever can start a process of this installation holds its keys: no role would keep them from anything. An org's own
# policies may refuse more.
at_a_terminal := {
	"cve",
	"keys",
	"models",
	"task",
	"task.stop",
	"tasks",
	"tools",
	"usage",
}

surfaces := {"button", "command", "event", "form", "shortcut", "terminal"}

known if {
	input.surface == "terminal"
	input.command in at_a_terminal
}

known if {
	input.surface != "terminal"
	input.command in open_to_all
}

known if {
	input.surface != "terminal"
	kept_to[input.command]
}

# --- refusals ---

findings contains data.ql.ai.lib.refusal("commands.nobody", "it is not known who asks", false) if input.caller.user == ""

findings contains data.ql.ai.lib.refusal("commands.no_org", "it is not known for which org", false) if {
	input.caller.org == ""
}

findings contains data.ql.ai.lib.refusal("commands.no_person", "an alert gives no commands", false) if {
	startswith(input.caller.user, "alert:")
}

findings contains data.ql.ai.lib.refusal("commands.surface", reason, false) if {
	not input.surface in surfaces
	reason := sprintf("there is no rule for what comes by %s", [input.surface])
}

findings contains data.ql.ai.lib.refusal("commands.identity", reason, false) if {
	misplaced
	reason := sprintf("%s is nobody who could ask by %s", [input.caller.user, input.surface])
}

findings contains data.ql.ai.lib.refusal("commands.unknown", reason, false) if {
	not known
	reason := sprintf("no rule says who may do that (%s)", [input.command])
}

findings contains data.ql.ai.lib.refusal("commands.role", reason, false) if {
	input.surface != "terminal"
	needed := kept_to[input.command]
	not holds(needed)
	reason := sprintf("it needs one of the roles %s, and you hold none of them", [concat(", ", sort(needed))])
}

# Roles that were not read are none.
holds(needed) if {
	is_array(input.caller.roles)
	some role in input.caller.roles
	role in needed
}

misplaced if {
	input.surface == "terminal"
	not startswith(input.caller.user, "terminal:")
}

misplaced if {
	input.surface != "terminal"
	startswith(input.caller.user, "terminal:")
}
