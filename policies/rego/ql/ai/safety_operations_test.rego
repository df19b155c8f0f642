package ql.ai.safety_operations_test

import data.ql.ai.safety

machines := [sprintf("m%d", [i]) | some i in numbers.range(1, 12)]

check(kind, id) := {"kind": kind, "resource_id": id, "timeout_seconds": 5}

tools := {
	"build_image": "state_change_nonprod",
	"promote_image_nonprod": "state_change_nonprod",
	"promote_image": "state_change_prod",
	"trigger_dr_drill": "state_change_prod",
	"trigger_dr_failover": "state_change_prod",
	"execute_rollout_nonprod": "state_change_nonprod",
	"execute_rollout_prod": "state_change_prod",
}

asked(plan) := {
	"org": "T1",
	"now": "2026-11-24T10:00:00Z",
	"freezes": [],
	"caller": {"user": "U1", "roles": ["operator"]},
	"tools": tools,
	"task": {"environment": plan.environment},
	"plan": plan,
}

moving(tool, params) := {
	"id": tool,
	"tool": tool,
	"params": object.union({"dr_pair_id": "dr-1", "asset_ids": machines, "environment": "production"}, params),
	"asset_ids": machines,
	"resource_ids": ["dr-1"],
}

runbook(operation, forward, rollback) := {
	"kind": "DRRunbook",
	"org": "T1",
	"environment": "production",
	"summary": "About dr-1.",
	"asset_ids": machines,
	"phases": [
		{
			"name": "Run",
			"type": "canary",
			"asset_ids": machines,
			"batch_percent": 100,
			"wait_seconds": 0,
			"actions": [forward],
			"health_checks": [],
			"resource_checks": [check("as_expected", "dr-1")],
		},
		{
			"name": "Measure",
			"type": "verify",
			"asset_ids": [],
			"batch_percent": 0,
			"wait_seconds": 0,
			"actions": [],
			"health_checks": [],
			"resource_checks": [check("rto_met", "dr-1")],
		},
	],
	"rollback": object.union({"conditions": [{"kind": "health_check_failed", "threshold": null}]}, rollback),
	"maintenance_window": {"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T12:00:00Z"},
	"resources": [{"kind": "dr_pair", "id": "dr-1"}],
	"pair_id": "dr-1",
	"operation": operation,
	"days_since_passed_test": 12,
	"max_data_loss_minutes": loss_of(operation),
	"simulation": {"not_passed": [], "data_loss_minutes": 3.5},
}

loss_of("failover") := 4

loss_of("drill") := null

drill := asked(runbook("drill", moving("trigger_dr_drill", {}), {"actions": [], "note": "Traffic stays."}))

failover := asked(runbook(
	"failover",
	moving("trigger_dr_failover", {"max_data_loss_minutes": 4}),
	{"actions": [moving("trigger_dr_failover", {"max_data_loss_minutes": 4, "rollback": true})], "note": ""},
))

promotion(tool, status) := {
	"name": status,
	"type": "canary",
	"asset_ids": [],
	"batch_percent": 0,
	"wait_seconds": 0,
	"actions": [{
		"id": status,
		"tool": tool,
		"params": {"image_id": "img-1", "to_status": status, "asset_ids": []},
		"asset_ids": [],
		"resource_ids": ["img-1"],
	}],
	"health_checks": [],
	"resource_checks": [check("image_fit", "img-1")],
}

spec(environment, tool, status) := {
	"kind": "ImageSpec",
	"org": "T1",
	"environment": environment,
	"summary": "Promote img-1.",
	"asset_ids": [],
	"phases": [promotion(tool, status)],
	"rollback": {
		"conditions": [{"kind": "health_check_failed", "threshold": null}],
		"actions": [],
		"note": "Nothing runs it.",
	},
	"maintenance_window": null,
	"resources": [{"kind": "image", "id": "img-1"}],
	"image_id": "img-1",
	"operation": "promote",
}

image := asked(spec("staging", "promote_image_nonprod", "staging"))

production_image := asked(spec("production", "promote_image", "production"))

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

without(path) := [{"op": "remove", "path": path}]

rules(given, patches) := {entry.rule | some entry in safety.decision.deny with input as json.patch(given, patches)}

test_good_plans_are_allowed if {
	every given in [drill, failover, image, production_image] {
		decision := safety.decision with input as given
		decision.allow
	}
}

test_each_calls_its_own_tools_only if {
	"plan.foreign_tool" in rules(image, set_to("/plan/phases/0/actions/0/tool", "execute_rollout_nonprod"))
	"plan.foreign_tool" in rules(drill, set_to("/plan/phases/0/actions/0/tool", "execute_rollout_prod"))
	"plan.foreign_tool" in rules(failover, set_to("/plan/rollback/actions/0/tool", "execute_rollout_prod"))
}

test_an_image_plan_touches_no_machine if {
	"plan.image_changes_assets" in rules(image, set_to("/plan/asset_ids", ["m1"]))
	"plan.image_changes_assets" in rules(image, set_to("/plan/phases/0/actions/0/params/asset_ids", ["m1"]))
}

test_a_plan_is_about_one_thing_and_all_calls_are_about_it if {
	"plan.one_resource" in rules(image, set_to("/plan/resources", []))
	"plan.one_resource" in rules(drill, set_to("/plan/resources/0/id", "dr-2"))
	"plan.other_resource" in rules(drill, set_to("/plan/phases/0/actions/0/params/dr_pair_id", "dr-2"))
	"plan.other_resource" in rules(image, set_to("/plan/phases/0/actions/0/params/image_id", "img-2"))
}

test_a_drill_moves_no_traffic if {
	patches := array.concat(
		set_to("/plan/phases/0/actions/0/tool", "trigger_dr_failover"),
		set_to("/plan/phases/0/actions/0/params/max_data_loss_minutes", 1),
	)
	"plan.drill_moves_traffic" in rules(drill, patches)
}

test_a_failover_needs_a_test_in_the_last_30_days if {
	rules(failover, set_to("/plan/days_since_passed_test", 30)) == set()
	every days in [30.1, 400, -1, null] {
		"plan.failover_untested" in rules(failover, set_to("/plan/days_since_passed_test", days))
	}
	"input.incomplete" in rules(failover, without("/plan/days_since_passed_test"))
	rules(drill, set_to("/plan/days_since_passed_test", 400)) == set()
}

test_what_a_failover_loses_is_known_and_agreed if {
	every patches in [
		set_to("/plan/simulation/data_loss_minutes", null),
		set_to("/plan/simulation/data_loss_minutes", 4.1),
		set_to("/plan/max_data_loss_minutes", null),
		set_to("/plan/phases/0/actions/0/params/max_data_loss_minutes", 5),
		without("/plan/phases/0/actions/0/params/max_data_loss_minutes"),
	] {
		"plan.failover_loss" in rules(failover, patches)
	}
}

test_a_site_that_could_not_take_over_is_not_tried if {
	every name in ["active_on_primary", "recovery_capacity", "images_published"] {
		"plan.recovery_site" in rules(drill, set_to("/plan/simulation/not_passed", [name]))
	}
	rules(drill, set_to("/plan/simulation/not_passed", ["rpo_met"])) == set()
}

test_what_is_not_undone_says_why if {
	"plan.no_rollback_action" in rules(drill, set_to("/plan/rollback/note", " "))
	"plan.no_rollback_action" in rules(image, set_to("/plan/rollback/note", ""))
	"plan.no_rollback_action" in rules(failover, set_to("/plan/rollback", {
		"conditions": [{"kind": "health_check_failed", "threshold": null}],
		"actions": [],
		"note": "Why undo it?",
	}))
}

test_changes_are_checked_afterwards if {
	"plan.no_health_check" in rules(drill, set_to("/plan/phases/0/resource_checks", []))
	"plan.phase_changes_nothing" in rules(image, set_to("/plan/phases/0/actions/0/resource_ids", []))
}

test_what_is_not_of_the_shape_is_refused if {
	every path in ["/plan/pair_id", "/plan/operation", "/plan/resources", "/plan/simulation", "/plan/max_data_loss_minutes"] {
		"input.incomplete" in rules(drill, without(path))
	}
	every path in ["/plan/image_id", "/plan/resources"] {
		"input.incomplete" in rules(image, without(path))
	}
}

test_another_kind_gets_nothing_from_their_exceptions if {
	"plan.no_assets" in rules(image, set_to("/plan/kind", "Other"))
	"plan.batch_too_large" in rules(drill, array.concat(
		set_to("/plan/kind", "Other"),
		set_to("/plan/simulation", {"simulated_assets": 12, "predicted_failures": 0}),
	))
}

test_production_asks_a_runbook_for_its_window if {
	"plan.no_maintenance_window" in rules(drill, set_to("/plan/maintenance_window", null))
}
