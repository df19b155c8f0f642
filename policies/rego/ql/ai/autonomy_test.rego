package ql.ai.autonomy_test

import data.ql.ai.autonomy

valid := {
	"now": "2026-11-24T10:00:00Z",
	"caller": {"org": "T1", "user": "U1"},
	"task": {"risk_level": "low"},
	"plan": {
		"org": "T1",
		"environment": "staging",
		"asset_ids": ["a1", "a2"],
		"phases": [
			{"type": "canary", "actions": [{"tool": "execute_rollout_nonprod"}]},
			{"type": "wait", "actions": []},
			{"type": "wave", "actions": [{"tool": "execute_rollout_nonprod"}]},
		],
		"rollback": {"actions": [{"tool": "execute_rollout_nonprod"}]},
	},
	"tools": {
		"query_assets": "read_only",
		"execute_rollout_nonprod": "state_change_nonprod",
		"execute_rollout_prod": "state_change_prod",
	},
	"assets": [
		{"id": "a1", "platform": "aws", "critical": false},
		{"id": "a2", "platform": "gcp", "critical": false},
	],
	"last_change_at": null,
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

shipped := data.gavel.autonomy["default"]

decided(changes, settings) := decision if {
	org := {"default": shipped, "orgs": {"T1": settings}}
	decision := autonomy.decision with input as json.patch(valid, changes) with data.gavel.autonomy as org
}

test_shipped_everything_needs_approval if {
	decided([], {}) == {
		"allow": true,
		"deny": set(),
		"version": "1",
		"mode": "approve_all",
		"waived": false,
		"blockers": [],
	}
}

test_each_mode_waives_what_it_says if {
	{mode | some mode in autonomy.order; decided([], {"mode": mode}).waived} == {"risk_based", "full_auto"}
	canary_only := set_to("/plan/phases", [valid.plan.phases[0], {"type": "verify", "actions": []}])
	decided(canary_only, {"mode": "canary_only"}).waived
	not decided(set_to("/task/risk_level", "medium"), {"mode": "risk_based"}).waived
	not decided(set_to("/task/risk_level", "critical"), {"mode": "risk_based", "risk_levels": ["critical"]}).waived
}

test_no_mode_waives_a_change_of_production if {
	production := array.concat(
		set_to("/plan/environment", "production"),
		set_to("/plan/phases/0/actions/0/tool", "execute_rollout_prod"),
	)
	every mode in autonomy.order {
		not decided(production, {"mode": mode}).waived
		not decided(set_to("/plan/environment", "production"), {"mode": mode}).waived
		not decided(set_to("/plan/rollback/actions/0/tool", "execute_rollout_prod"), {"mode": mode}).waived
		not decided(set_to("/plan/phases/0/actions/0/tool", "unheard_of"), {"mode": mode}).waived
	}
}

test_the_most_careful_setting_counts if {
	decided([], {"mode": "full_auto", "environments": {"staging": "approve_all"}}).mode == "approve_all"
	decided([], {"mode": "full_auto", "environments": {"development": "plan_only"}}).mode == "full_auto"
	decided([], {"mode": "full_auto", "tools": {"execute_rollout_nonprod": "canary_only"}}).mode == "canary_only"
	decided([], {"mode": "plan_only", "environments": {"staging": "full_auto"}}).mode == "plan_only"
}

test_plan_only_refuses_changes_and_nothing_else if {
	{entry.rule | some entry in decided([], {"mode": "plan_only"}).deny} == {"autonomy.plan_only"}
	reading := array.concat(set_to("/plan/phases", []), set_to("/plan/rollback/actions", []))
	decision := decided(reading, {"mode": "plan_only"})
	decision.allow
	not decision.waived
}

blocking := {
	"too many": {"changes": [], "settings": {"max_assets": 1}},
	"operation": {"changes": [], "settings": {"blocked_operations": ["execute_rollout_nonprod"]}},
	"platform": {"changes": [], "settings": {"blocked_platforms": ["gcp"]}},
	"critical": {"changes": set_to("/assets/1/critical", true), "settings": {}},
	"unknown": {"changes": set_to("/assets", []), "settings": {}},
	"cooldown": {"changes": set_to("/last_change_at", "2026-11-24T09:30:00Z"), "settings": {}},
	"alert": {"changes": set_to("/caller/user", "alert:1"), "settings": {}},
}

test_each_blocker_brings_the_approval_back[name] if {
	some name, example in blocking
	decision := decided(example.changes, object.union(example.settings, {"mode": "full_auto"}))
	decision.allow
	count(decision.blockers) == 1
	not decision.waived
}

test_after_the_cooldown_it_is_waived_again if {
	decided(set_to("/last_change_at", "2026-11-24T08:00:00Z"), {"mode": "full_auto"}).waived
}

unreadable := [
	{"mode": "yolo"},
	{"mode": 1},
	{"environments": {"prod": "full_auto"}},
	{"environments": {"staging": "on"}},
	{"tools": {"execute_rollout_nonprod": "always"}},
	{"max_assets": "many"},
]

test_settings_that_cannot_be_read_refuse[i] if {
	some i, settings in unreadable
	decision := decided([], settings)
	{entry.rule | some entry in decision.deny} == {"data.autonomy"}
	not decision.waived
}

test_without_settings_nothing_is_allowed if {
	decision := autonomy.decision with input as valid with data.gavel.autonomy as {}
	not decision.allow
	not decision.waived
	decision.mode == "approve_all"
}

test_another_org_is_refused if {
	{entry.rule | some entry in decided(set_to("/plan/org", "T2"), {}).deny} == {"autonomy.org"}
}

test_what_is_missing_refuses_and_waives_nothing[path] if {
	some path in ["/now", "/task", "/plan/phases/0/type", "/plan/phases/0/actions/0/tool", "/assets/0/critical"]
	decision := decided([{"op": "remove", "path": path}], {"mode": "full_auto"})
	{entry.rule | some entry in decision.deny} == {"input.incomplete"}
	not decision.waived
}

test_a_rollback_without_a_tool_is_incomplete if {
	{entry.rule | some entry in decided(set_to("/plan/rollback/actions/0", {}), {}).deny} == {"input.incomplete"}
}
