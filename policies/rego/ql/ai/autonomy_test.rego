package ql.ai.autonomy_test

import data.ql.ai.autonomy

valid := {
	"now": "2026-11-24T10:00:00Z",
	"caller": {"org": "T1", "user": "U1", "alerted": false},
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
		{"id": "a1", "platform": "aws", "tags": {"role": "web"}},
		{"id": "a2", "platform": "gcp", "tags": {}},
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
		"unattended_phases": 0,
		"blockers": [],
	}
}

alone(changes, settings) := decided(changes, settings).unattended_phases

test_each_mode_lets_run_alone_what_it_says if {
	{mode: n | some mode in autonomy.order; n := alone([], {"mode": mode})} == {
		"plan_only": 0,
		"approve_all": 0,
		"canary_only": 2,
		"risk_based": 3,
		"full_auto": 3,
	}
	alone(set_to("/task/risk_level", "medium"), {"mode": "risk_based"}) == 0
	alone(set_to("/task/risk_level", "critical"), {"mode": "risk_based", "risk_levels": ["critical"]}) == 0
	alone(set_to("/task/risk_level", "high"), {"mode": "risk_based", "risk_levels": ["high"]}) == 3
}

test_canary_only_is_the_canary_and_what_belongs_to_it if {
	verified := [valid.plan.phases[0], {"type": "verify", "actions": []}]
	alone(set_to("/plan/phases", verified), {"mode": "canary_only"}) == 2
	alone(set_to("/plan/phases/0/type", "wave"), {"mode": "canary_only"}) == 0
	alone(set_to("/plan/phases", [{"type": "verify", "actions": valid.plan.phases[0].actions}]), {"mode": "canary_only"}) == 0
	unknown_first := array.concat([{"type": "bang", "actions": []}], valid.plan.phases)
	alone(set_to("/plan/phases", unknown_first), {"mode": "canary_only"}) == 0
}

test_no_mode_lets_a_change_of_production_run_alone if {
	every mode in autonomy.order {
		alone(set_to("/plan/environment", "production"), {"mode": mode}) == 0
		alone(set_to("/plan/environment", "prod"), {"mode": mode}) == 0
		alone(set_to("/plan/phases/0/actions/0/tool", "execute_rollout_prod"), {"mode": mode}) == 0
		alone(set_to("/plan/rollback/actions/0/tool", "execute_rollout_prod"), {"mode": mode}) == 0
		alone(set_to("/plan/phases/0/actions/0/tool", "unheard_of"), {"mode": mode}) == 0
	}
}

test_a_plan_that_changes_nothing_has_nothing_to_waive if {
	reading := array.concat(
		set_to("/plan/phases", [{"type": "verify", "actions": [{"tool": "query_assets"}]}]),
		set_to("/plan/rollback/actions", []),
	)
	alone(reading, {"mode": "full_auto"}) == 0
	decided(reading, {"mode": "full_auto"}).blockers == []
}

test_the_most_careful_setting_counts if {
	decided([], {"mode": "full_auto", "environments": {"staging": "approve_all"}}).mode == "approve_all"
	decided([], {"mode": "full_auto", "environments": {"development": "plan_only"}}).mode == "full_auto"
	decided([], {"mode": "full_auto", "tools": {"execute_rollout_nonprod": "canary_only"}}).mode == "canary_only"
	decided([], {"mode": "plan_only", "environments": {"staging": "full_auto"}}).mode == "plan_only"
	decided(set_to("/plan/phases/1/actions", [{"tool": "query_assets"}]), {
		"mode": "full_auto",
		"tools": {"query_assets": "risk_based"},
	}).mode == "risk_based"
	in_rollback := set_to("/plan/rollback/actions/0/tool", "build_image")
	decided(in_rollback, {"mode": "full_auto", "tools": {"build_image": "plan_only"}}).mode == "plan_only"
}

blocking := {
	"too many": {"changes": [], "settings": {"max_assets": 1}},
	"operation": {"changes": [], "settings": {"blocked_operations": ["execute_rollout_nonprod"]}},
	"platform": {"changes": [], "settings": {"blocked_platforms": ["gcp"]}},
	"critical": {"changes": set_to("/assets/1/tags", {"criticality": "critical"}), "settings": {}},
	"unknown": {"changes": set_to("/assets", []), "settings": {}},
	"cooldown": {"changes": set_to("/last_change_at", "2026-11-24T09:30:00Z"), "settings": {}},
	"alert": {"changes": set_to("/caller/user", "alert:1"), "settings": {}},
	"alert that somebody had looked into": {"changes": set_to("/caller/alerted", true), "settings": {}},
	"risk": {"changes": set_to("/task/risk_level", "medium"), "settings": {"mode": "risk_based"}},
	"no canary": {"changes": set_to("/plan/phases/0/type", "wave"), "settings": {"mode": "canary_only"}},
}

test_each_blocker_brings_the_approval_back[name] if {
	some name, example in blocking
	decision := decided(example.changes, object.union({"mode": "full_auto"}, example.settings))
	decision.allow
	count(decision.blockers) == 1
	decision.unattended_phases == 0
}

test_assets_of_others_do_not_block if {
	others := [
		{"op": "add", "path": "/assets/2", "value": {"id": "b1", "platform": "vsphere", "tags": {"criticality": "critical"}}},
	]
	alone(others, {"mode": "full_auto", "blocked_platforms": ["vsphere"]}) == 3
}

once := {
	"org": "T1",
	"environment": "staging",
	"reason": "move",
	"start": "2026-11-24T09:00:00Z",
	"end": "2026-11-24T11:00:00Z",
}

test_a_freeze_and_a_closed_window_bring_the_approval_back if {
	full := {"default": shipped, "orgs": {"T1": {"mode": "full_auto"}}}
	frozen := autonomy.decision with input as valid
		with data.gavel.autonomy as full
		with data.gavel.freezes as [once]
	frozen.unattended_phases == 0
	frozen.blockers == ["staging is frozen: move"]
	closed := autonomy.decision with input as json.patch(valid, set_to("/now", "2026-11-24T11:00:00Z"))
		with data.gavel.autonomy as full
		with data.gavel.windows as [once]
	closed.unattended_phases == 0
	closed.blockers == ["outside the change windows of staging: move"]
	open := autonomy.decision with input as valid
		with data.gavel.autonomy as full
		with data.gavel.windows as [once]
	open.unattended_phases == 3
}

test_a_calendar_that_cannot_be_read_refuses if {
	decision := autonomy.decision with input as valid with data.gavel.windows as "always"
	{entry.rule | some entry in decision.deny} == {"data.freezes"}
	decision.unattended_phases == 0
}

test_after_the_cooldown_it_is_waived_again if {
	alone(set_to("/last_change_at", "2026-11-24T08:00:00Z"), {"mode": "full_auto"}) == 3
}

unreadable := [
	{"mode": "yolo"},
	{"mode": 1},
	{"environments": {"prod": "full_auto"}},
	{"environments": {"staging": "on"}},
	{"tools": {"execute_rollout_nonprod": "always"}},
	{"max_assets": "many"},
	{"critical_tags": "all"},
]

test_settings_that_cannot_be_read_refuse[i] if {
	some i, settings in unreadable
	decision := decided([], settings)
	{entry.rule | some entry in decision.deny} == {"data.autonomy"}
	decision.unattended_phases == 0
}

test_without_settings_nothing_is_allowed if {
	decision := autonomy.decision with input as valid with data.gavel.autonomy as {}
	not decision.allow
	decision.unattended_phases == 0
	decision.mode == "approve_all"
}

test_an_environment_nobody_knows_is_refused if {
	{entry.rule | some entry in decided(set_to("/plan/environment", "prod"), {}).deny} == {"autonomy.environment"}
}

test_another_org_is_refused if {
	{entry.rule | some entry in decided(set_to("/plan/org", "T2"), {}).deny} == {"autonomy.org"}
}

test_what_is_missing_refuses_and_waives_nothing[path] if {
	some path in ["/now", "/task", "/plan/phases/0/type", "/plan/phases/0/actions/0/tool", "/assets/0/tags"]
	decision := decided([{"op": "remove", "path": path}], {"mode": "full_auto"})
	{entry.rule | some entry in decision.deny} == {"input.incomplete"}
	decision.unattended_phases == 0
}

test_a_rollback_without_a_tool_is_incomplete if {
	{entry.rule | some entry in decided(set_to("/plan/rollback/actions/0", {}), {}).deny} == {"input.incomplete"}
}
