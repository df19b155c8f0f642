package ql.ai.safety_test

import data.ql.ai.safety

ids := [sprintf("a%d", [i]) | some i in numbers.range(1, 10)]

roll(asset_ids) := [{
	"id": "x",
	"tool": "execute_rollout_prod",
	"params": {"asset_ids": asset_ids},
	"asset_ids": asset_ids,
}]

change(name, type, asset_ids) := {
	"name": name,
	"type": type,
	"asset_ids": asset_ids,
	"batch_percent": count(asset_ids) * 10,
	"wait_seconds": 0,
	"actions": roll(asset_ids),
	"health_checks": [{"kind": "error_rate_below", "threshold": 5}],
	"resource_checks": [],
}

pause := {
	"name": "Wait",
	"type": "wait",
	"asset_ids": [],
	"batch_percent": 0,
	"wait_seconds": 60,
	"actions": [],
	"health_checks": [],
	"resource_checks": [],
}

valid := {
	"org": "T1",
	"now": "2026-11-24T10:00:00Z",
	"freezes": [],
	"caller": {"user": "U1", "roles": ["operator"]},
	"tools": {
		"execute_rollout_prod": "state_change_prod",
		"execute_rollout_nonprod": "state_change_nonprod",
		"query_assets": "read_only",
	},
	"task": {"environment": "production"},
	"plan": {
		"kind": "DriftRemediationPlan",
		"org": "T1",
		"environment": "production",
		"summary": "Move ten assets.",
		"asset_ids": ids,
		"phases": [
			change("Canary", "canary", ["a1"]),
			pause,
			change("Wave 1", "wave", ["a2", "a3"]),
			change("Wave 2", "wave", ["a4", "a5"]),
			change("Wave 3", "wave", ["a6", "a7"]),
			change("Wave 4", "wave", ["a8", "a9"]),
			change("Wave 5", "wave", ["a10"]),
		],
		"rollback": {"conditions": [{"kind": "failed_assets_percent", "threshold": 10}], "actions": roll(ids)},
		"maintenance_window": {"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T12:00:00Z"},
		"version_comparison": [{"asset_id": id} | some id in ids],
		"simulation": {"simulated_assets": 10, "predicted_failures": 0},
	},
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

without(path) := [{"op": "remove", "path": path}]

rules(patches) := found if {
	decision := safety.decision with input as json.patch(valid, patches)
	found := {entry.rule | some entry in decision.deny}
}

test_a_good_plan_is_allowed if safety.decision == {"allow": true, "deny": set(), "version": "1"} with input as valid

refused := {
	"plan.org": set_to("/plan/org", "T2"),
	"plan.requester_role": set_to("/caller/roles", ["viewer"]),
	"plan.no_summary": set_to("/plan/summary", " "),
	"plan.no_phases": set_to("/plan/phases", []),
	"plan.no_assets": set_to("/plan/asset_ids", []),
	"plan.environment": set_to("/plan/environment", "prod"),
	"plan.environment_differs": set_to("/task/environment", "staging"),
	"plan.asset_not_in_plan": without("/plan/asset_ids/0"),
	"plan.asset_not_in_phases": set_to("/plan/asset_ids/-", "a11"),
	"plan.no_version_comparison": without("/plan/version_comparison/0"),
	"plan.unknown_tool": set_to("/plan/phases/0/actions/0/tool", "rm_rf"),
	"plan.tool_environment": set_to("/plan/phases/0/actions/0/tool", "execute_rollout_nonprod"),
	"plan.change_in_passive_phase": set_to("/plan/phases/2/type", "verify"),
	"plan.phase_type": set_to("/plan/phases/1/type", "rollback"),
	"plan.phase_changes_nothing": set_to("/plan/phases/2/actions", []),
	"plan.no_health_check": set_to("/plan/phases/2/health_checks", []),
	"plan.health_check_threshold": set_to("/plan/phases/2/health_checks/0/threshold", 100),
	"plan.no_rollback_condition": set_to("/plan/rollback/conditions", []),
	"plan.rollback_threshold": set_to("/plan/rollback/conditions/0/threshold", null),
	"plan.no_rollback_action": set_to("/plan/rollback/actions/0/tool", "query_assets"),
	"plan.batch_too_large": set_to("/plan/phases/2/actions/0/params/asset_ids", ["a2", "a3", "a4"]),
	"plan.batch_stated_too_large": set_to("/plan/phases/2/batch_percent", 50),
	"plan.no_canary": set_to("/plan/phases/0/type", "wave"),
	"plan.canary_too_large": set_to("/plan/phases/0/asset_ids", ["a1", "a2", "a3", "a4", "a5", "a6"]),
	"plan.no_canary_wait": set_to("/plan/phases/1/wait_seconds", 0),
	"plan.no_maintenance_window": set_to("/plan/maintenance_window", null),
	"plan.maintenance_window_order": set_to("/plan/maintenance_window/start", "2026-11-24T13:00:00Z"),
	"plan.maintenance_window_over": set_to("/plan/maintenance_window/end", "2026-11-24T09:30:00Z"),
	"plan.not_simulated": set_to("/plan/simulation", null),
	"plan.simulation_incomplete": set_to("/plan/simulation/simulated_assets", 9),
	"plan.simulation_failures": set_to("/plan/simulation/predicted_failures", 3),
	"input.incomplete": without("/plan/phases/2/health_checks"),
}

test_each_rule_refuses[rule] if {
	some rule, patches in refused
	rule in rules(patches)
}

# Whatever is changed when there is nothing to change is all of it.
test_of_no_assets_every_batch_is_too_large if {
	"plan.batch_too_large" in rules(set_to("/plan/asset_ids", []))
}

test_a_wave_changes_something_even_if_it_calls_nothing if {
	idle := object.union(valid.plan.phases[2], {"actions": [], "health_checks": []})
	"plan.no_health_check" in rules(set_to("/plan/phases/2", idle))
}

test_a_phase_that_changes_is_checked_whatever_it_is_called if {
	disguised := object.union(valid.plan.phases[2], {"type": "verify", "health_checks": []})
	"plan.no_health_check" in rules(set_to("/plan/phases/2", disguised))
}

test_a_plan_without_any_change_has_no_canary if {
	"plan.no_canary" in rules(set_to("/plan/phases", [pause]))
}

test_nonproduction_tools_are_for_nonproduction if {
	patches := array.concat(set_to("/plan/environment", "staging"), set_to("/task/environment", "staging"))
	"plan.tool_environment" in rules(patches)
}

test_the_reason_states_what_was_found_and_what_is_allowed if {
	decision := safety.decision with input as json.patch(valid, set_to("/plan/phases/2/asset_ids", ids))
	some entry in decision.deny
	startswith(entry.reason, "batch 100% exceeds the 20% limit in production: phase 'Wave 1' changes 10 of 10")
}

test_nothing_is_allowed_without_limits if {
	decision := safety.decision with input as valid with data.gavel.limits as {}
	decision.allow == false
	{entry.rule | some entry in decision.deny} == {"data.limits"}
}

test_an_org_may_have_its_own_limits if {
	own := {"default": data.gavel.limits["default"], "orgs": {"T1": {"batch_max_percent": 10}}}
	decision := safety.decision with input as valid with data.gavel.limits as own
	"plan.batch_too_large" in {entry.rule | some entry in decision.deny}
}

test_nothing_is_allowed_of_an_empty_input if safety.decision.allow == false with input as {}

malformed := [
	set_to("/plan", "fine"),
	set_to("/plan/phases", "fine"),
	set_to("/plan/phases/0", "fine"),
	set_to("/plan/phases/0/actions/0", "fine"),
	set_to("/plan/phases/0/health_checks/0", "fine"),
	set_to("/plan/rollback/conditions/0", "fine"),
	set_to("/plan/maintenance_window", {}),
	set_to("/plan/version_comparison", "fine"),
	set_to("/plan/version_comparison/0", "fine"),
	set_to("/plan/simulation", "fine"),
	set_to("/plan/simulation", {}),
	set_to("/plan/rollback/actions/0", "fine"),
]

test_what_is_malformed_is_incomplete[i] if {
	some i, patches in malformed
	rules(patches) == {"input.incomplete"}
}

declared := {
	"org": "T1",
	"environment": "production",
	"reason": "year end",
	"start": "2026-11-24T08:00:00Z",
	"end": "2026-11-24T13:00:00Z",
}

frozen(changes) := rules(set_to("/freezes", [object.union(declared, changes)]))

test_a_window_inside_a_freeze_is_not_offered if {
	frozen({}) == {"plan.window_frozen"}
	frozen({"end": "2026-11-24T12:00:00Z"}) == {"plan.window_frozen"}
	frozen({"end": "2026-11-24T11:59:59Z"}) == set()
	frozen({"start": "2026-11-24T09:00:01Z"}) == set()
	frozen({"environment": "staging"}) == set()
	frozen({"org": "T2"}) == set()
}

test_a_configured_freeze_is_as_good_as_a_declared_one if {
	rules([]) == {"plan.window_frozen"} with data.gavel.freezes as [declared]
}

test_a_plan_without_a_window_waits_for_the_end_of_a_freeze if {
	windowless := array.concat(set_to("/plan/maintenance_window", null), set_to("/freezes", [declared]))
	"plan.frozen" in rules(windowless)
	not "plan.frozen" in rules(array.concat(windowless, set_to("/now", "2026-11-24T13:00:00Z")))
}

test_a_weekly_freeze_swallows_no_window if {
	weekly := {
		"org": "T1",
		"environment": "production",
		"reason": "office hours",
		"weekdays": ["tuesday"],
		"from": "00:00",
		"to": "00:00",
		"time_zone": "UTC",
	}
	rules([]) == set() with data.gavel.freezes as [weekly]
}

test_freezes_that_cannot_be_read_refuse if {
	rules(set_to("/freezes", [object.remove(declared, ["end"])])) == {"data.freezes"}
	rules(set_to("/freezes", "none")) == {"input.incomplete"}
}
