# What `ql.ai.safety` needs of its input before any rule may be believed.
package ql.ai.safety

fields := [
	{"at": ["org"], "is": ["string"]},
	{"at": ["now"], "is": ["string"]},
	{"at": ["freezes"], "is": ["array"]},
	{"at": ["caller", "user"], "is": ["string"]},
	{"at": ["caller", "roles"], "is": ["array"]},
	{"at": ["tools"], "is": ["object"]},
	{"at": ["task", "environment"], "is": ["string"]},
	{"at": ["plan", "kind"], "is": ["string"]},
	{"at": ["plan", "org"], "is": ["string"]},
	{"at": ["plan", "environment"], "is": ["string"]},
	{"at": ["plan", "summary"], "is": ["string"]},
	{"at": ["plan", "asset_ids"], "is": ["array"]},
	{"at": ["plan", "phases"], "is": ["array"]},
	{"at": ["plan", "maintenance_window"], "is": ["object", "null"]},
	{"at": ["plan", "rollback", "conditions"], "is": ["array"]},
	{"at": ["plan", "rollback", "actions"], "is": ["array"]},
]

phase_fields := [
	{"at": ["name"], "is": ["string"]},
	{"at": ["type"], "is": ["string"]},
	{"at": ["asset_ids"], "is": ["array"]},
	{"at": ["batch_percent"], "is": ["number"]},
	{"at": ["wait_seconds"], "is": ["number"]},
	{"at": ["actions"], "is": ["array"]},
	{"at": ["health_checks"], "is": ["array"]},
	{"at": ["resource_checks"], "is": ["array"]},
]

action_fields := [
	{"at": ["tool"], "is": ["string"]},
	{"at": ["params"], "is": ["object"]},
	{"at": ["asset_ids"], "is": ["array"]},
]

threshold_fields := [
	{"at": ["kind"], "is": ["string"]},
	{"at": ["threshold"], "is": ["number", "null"]},
]

window_fields := [
	{"at": ["start"], "is": ["string"]},
	{"at": ["end"], "is": ["string"]},
]

failover_fields := [
	{"at": ["pair_id"], "is": ["string"]},
	{"at": ["operation"], "is": ["string"]},
	{"at": ["days_since_passed_test"], "is": ["number", "null"]},
	{"at": ["max_data_loss_minutes"], "is": ["number", "null"]},
	{"at": ["resources"], "is": ["array"]},
	{"at": ["simulation", "not_passed"], "is": ["array"]},
	{"at": ["simulation", "data_loss_minutes"], "is": ["number", "null"]},
]

image_fields := [
	{"at": ["image_id"], "is": ["string"]},
	{"at": ["resources"], "is": ["array"]},
]

unusable contains sprintf("plan.%s", [path]) if {
	moves_whole
	some path in data.ql.ai.lib.unusable(input.plan, failover_fields)
}

unusable contains sprintf("plan.%s", [path]) if {
	images_only
	some path in data.ql.ai.lib.unusable(input.plan, image_fields)
}

comparison_fields := [{"at": ["asset_id"], "is": ["string"]}]

simulation_fields := [
	{"at": ["simulated_assets"], "is": ["number"]},
	{"at": ["predicted_failures"], "is": ["number"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("plan.phases.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.plan.phases, phase_fields)
}

# Only where they are a list of objects: regorus raises an error where OPA finds nothing to iterate over.
readable_phases[i] := phase if {
	is_array(input.plan.phases)
	some i, phase in input.plan.phases
	is_object(phase)
}

unusable contains sprintf("plan.phases.%d.actions.%s", [i, path]) if {
	some i, phase in readable_phases
	some path in data.ql.ai.lib.unusable_each(phase.actions, action_fields)
}

unusable contains sprintf("plan.phases.%d.health_checks.%s", [i, path]) if {
	some i, phase in readable_phases
	some path in data.ql.ai.lib.unusable_each(phase.health_checks, threshold_fields)
}

unusable contains sprintf("plan.rollback.actions.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.plan.rollback.actions, action_fields)
}

unusable contains sprintf("plan.rollback.conditions.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.plan.rollback.conditions, threshold_fields)
}

unusable contains sprintf("plan.maintenance_window.%s", [path]) if {
	is_object(input.plan.maintenance_window)
	some path in data.ql.ai.lib.unusable(input.plan.maintenance_window, window_fields)
}

unusable contains "plan.version_comparison" if {
	input.plan.kind == "DriftRemediationPlan"
	not is_array(object.get(input, ["plan", "version_comparison"], null))
}

unusable contains sprintf("plan.version_comparison.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(object.get(input, ["plan", "version_comparison"], []), comparison_fields)
}

unusable contains "plan.simulation" if {
	production
	not images_only
	type_name(object.get(input, ["plan", "simulation"], set())) in {"set", "string", "number", "boolean", "array"}
}

unusable contains sprintf("plan.simulation.%s", [path]) if {
	is_object(input.plan.simulation)
	not moves_whole
	some path in data.ql.ai.lib.unusable(input.plan.simulation, simulation_fields)
}
