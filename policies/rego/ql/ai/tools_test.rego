package ql.ai.tools_test

import data.ql.ai.tools

digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

valid := {
	"now": "2026-11-24T10:00:00Z",
	"task_id": "task-1",
	"caller": {"org": "T1", "user": "U1", "roles": ["operator"]},
	"tool": {"name": "execute_rollout_prod", "risk": "state_change_prod", "scope": "asset", "server": null},
	"call": {
		"tool": "execute_rollout_prod",
		"environment": "production",
		"allowed_tools": ["execute_rollout_prod"],
		"asset_ids": ["a1"],
	},
	"grant": {
		"org": "T1",
		"task_id": "task-1",
		"plan_digest": digest,
		"policy_digest": digest,
		"environment": "production",
		"phase": "Canary",
		"tools": ["execute_rollout_prod"],
		"asset_ids": ["a1", "a2"],
		"expires_at": "2026-11-24T10:15:00Z",
		"approvers": ["U2"],
		"waiver": "",
		"mac": "m",
	},
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

rules(patches) := found if {
	decision := tools.decision with input as json.patch(valid, patches)
	found := {entry.rule | some entry in decision.deny}
}

test_a_granted_change_is_allowed if tools.decision == {"allow": true, "deny": set(), "version": "1"} with input as valid

refused := {
	"tools.no_org": set_to("/caller/org", ""),
	"tools.no_requester": set_to("/caller/user", ""),
	"tools.name_differs": set_to("/call/tool", "query_assets"),
	"tools.not_allowed": set_to("/call/allowed_tools", []),
	"tools.unknown_risk": set_to("/tool/risk", "safe"),
	"tools.unknown_scope": set_to("/tool/scope", "galaxy"),
	"tools.org_scope": array.concat(set_to("/tool/scope", "org"), set_to("/caller/roles", [])),
	"tools.no_grant": set_to("/grant", null),
	"tools.role": set_to("/caller/roles", ["viewer"]),
	"tools.no_assets": set_to("/call/asset_ids", []),
	"tools.prod_tool": set_to("/call/environment", "staging"),
	"tools.nonprod_tool": set_to("/tool/risk", "state_change_nonprod"),
	"tools.grant_unsigned": set_to("/grant/mac", ""),
	"tools.grant_org": set_to("/grant/org", "T2"),
	"tools.grant_task": set_to("/grant/task_id", "task-2"),
	"tools.grant_not_approved": set_to("/grant/approvers", []),
	"tools.grant_digest": set_to("/grant/plan_digest", "sha256:0"),
	"tools.grant_environment": set_to("/grant/environment", "staging"),
	"tools.grant_tool": set_to("/grant/tools", []),
	"tools.grant_assets": set_to("/call/asset_ids", ["a1", "a3"]),
	"tools.grant_expired": set_to("/grant/expires_at", "2026-11-24T10:00:00Z"),
	"input.incomplete": [{"op": "remove", "path": "/grant/expires_at"}],
}

test_each_rule_refuses[rule] if {
	some rule, patches in refused
	rule in rules(patches)
}

server_tool := array.concat(
	array.concat(set_to("/tool/name", "mcp__metrics__query"), set_to("/call/tool", "mcp__metrics__query")),
	array.concat(set_to("/call/allowed_tools", ["mcp__metrics__query"]), set_to("/tool/server", "metrics")),
)

test_a_servers_tool_is_called_when_it_is_declared_harmless if {
	rules(array.concat(server_tool, array.concat(set_to("/grant", null), set_to("/tool/risk", "read_only")))) == set()
	rules(array.concat(server_tool, array.concat(set_to("/grant", null), set_to("/tool/risk", "plan_only")))) == set()
}

test_a_servers_tool_changes_nothing_even_with_a_grant if {
	granted := array.concat(server_tool, set_to("/grant/tools", ["mcp__metrics__query"]))
	rules(granted) == {"tools.server_change"}
}

test_a_servers_tool_of_no_known_risk_is_refused if {
	"tools.server_change" in rules(array.concat(server_tool, set_to("/tool/risk", "safe")))
}

test_who_is_called_like_a_servers_tool_is_one_and_nobody_else if {
	harmless := array.concat(set_to("/grant", null), set_to("/tool/risk", "read_only"))
	rules(array.concat(array.concat(server_tool, set_to("/tool/server", null)), harmless)) == {"tools.server_name"}
	rules(array.concat(set_to("/tool/server", "metrics"), harmless)) == {"tools.server_name"}
}

test_whose_tool_it_is_must_be_said if {
	"input.incomplete" in rules([{"op": "remove", "path": "/tool/server"}])
}

waived := array.concat(
	array.concat(set_to("/grant/approvers", []), set_to("/grant/waiver", "full_auto")),
	array.concat(
		set_to("/tool/risk", "state_change_nonprod"),
		array.concat(set_to("/call/environment", "staging"), set_to("/grant/environment", "staging")),
	),
)

test_a_waiver_stands_for_an_approver_outside_production_only if {
	rules(waived) == set()
	rules(array.concat(waived, set_to("/grant/waiver", ""))) == {"tools.grant_not_approved"}
	rules(array.concat(waived, set_to("/grant/waiver", "approve_all"))) == {"tools.grant_not_approved"}
	"tools.grant_not_approved" in rules(array.concat(waived, set_to("/tool/risk", "state_change_prod")))
	"tools.grant_not_approved" in rules(array.concat(waived, set_to("/grant/environment", "production")))
}

test_reading_needs_no_grant if {
	patches := array.concat(set_to("/grant", null), set_to("/tool/risk", "read_only"))
	rules(patches) == set()
}

test_an_alert_holds_no_role_and_its_approved_plan_runs if {
	rules(set_to("/caller", {"org": "T1", "user": "alert:1", "roles": []})) == set()
}

test_nothing_is_allowed_without_limits if {
	decision := tools.decision with input as valid with data.gavel.limits as {}
	decision.allow == false
}

test_nothing_is_allowed_of_an_empty_input if tools.decision.allow == false with input as {}
