# May this plan be offered for approval? Everything here is computed from the plan's assets, not from what it says
# of itself.
package ql.ai.safety

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := data.ql.ai.lib.no_limits(input.org) if not data.ql.ai.lib.limits_usable(input.org)

else := data.ql.ai.calendar.unreadable if count(data.ql.ai.calendar.problems) > 0

else := findings

# --- the plan as a whole ---

findings contains data.ql.ai.lib.refusal("plan.org", "the plan is of another org than the person who asked", false) if {
	input.plan.org != input.org
}

findings contains data.ql.ai.lib.refusal("plan.requester_role", reason, false) if {
	not data.ql.ai.lib.may_start_changes(input.caller, limits)
	reason := sprintf(
		"the person who asked may not start changes: that needs one of the roles %s",
		[concat(", ", sort(limits.roles.change_state))],
	)
}

findings contains data.ql.ai.lib.refusal("plan.no_summary", "the plan has no summary: say in it what changes and why", true) if {
	trim_space(input.plan.summary) == ""
}

findings contains data.ql.ai.lib.refusal("plan.no_phases", "the plan has no phases: a plan needs at least one", true) if {
	count(input.plan.phases) == 0
}

findings contains data.ql.ai.lib.refusal("plan.no_assets", "the plan names no assets: it needs at least one", true) if {
	total == 0
	not images_only
}

findings contains data.ql.ai.lib.refusal("plan.environment", reason, true) if {
	not input.plan.environment in {"development", "staging", "production"}
	reason := sprintf(
		"environment %s is not known: development, staging or production is allowed",
		[input.plan.environment],
	)
}

findings contains data.ql.ai.lib.refusal("plan.environment_differs", reason, true) if {
	input.plan.environment != input.task.environment
	reason := sprintf(
		"the plan is for %s and the task is about %s: only %s may be changed",
		[input.plan.environment, input.task.environment, input.task.environment],
	)
}

findings contains data.ql.ai.lib.refusal("plan.asset_not_in_plan", reason, true) if {
	some phase in input.plan.phases
	foreign := touched(phase) - assets
	count(foreign) > 0
	reason := sprintf(
		"phase '%s' touches %d assets that are not in the plan's asset_ids: list them there or leave them out",
		[phase.name, count(foreign)],
	)
}

findings contains data.ql.ai.lib.refusal("plan.asset_not_in_phases", reason, true) if {
	covered := {id |
		some i in changing
		some id in touched(input.plan.phases[i])
	}
	left := assets - covered
	count(left) > 0
	reason := sprintf(
		"%d of the plan's %d assets are changed by no phase: each asset belongs to one canary or wave",
		[count(left), total],
	)
}

findings contains data.ql.ai.lib.refusal("plan.no_version_comparison", reason, true) if {
	input.plan.kind == "DriftRemediationPlan"
	left := assets - {row.asset_id | some row in input.plan.version_comparison}
	count(left) > 0
	reason := sprintf(
		"%d of %d assets have no version comparison: a drift plan compares every asset with the target",
		[count(left), total],
	)
}

# --- tools ---

findings contains data.ql.ai.lib.refusal("plan.unknown_tool", reason, true) if {
	some action in every_action
	not risk(action) in {"read_only", "plan_only", "state_change_nonprod", "state_change_prod"}
	reason := sprintf("tool %s is not known: use a tool of the registry", [action.tool])
}

findings contains data.ql.ai.lib.refusal("plan.tool_environment", reason, true) if {
	some action in every_action
	risk(action) == "state_change_prod"
	not production
	reason := sprintf(
		"tool %s changes production and the plan is for %s: use the tool for non-production",
		[action.tool, input.plan.environment],
	)
}

findings contains data.ql.ai.lib.refusal("plan.tool_environment", reason, true) if {
	some action in every_action
	risk(action) == "state_change_nonprod"
	production
	reason := sprintf(
		"tool %s is for non-production and the plan is for production: use the tool for production",
		[action.tool],
	)
}

findings contains data.ql.ai.lib.refusal("plan.change_in_passive_phase", reason, true) if {
	some phase in input.plan.phases
	not phase.type in {"canary", "wave"}
	some action in phase.actions
	risk(action) != "read_only"
	reason := sprintf(
		"phase '%s' of type %s calls %s: only canary and wave phases may change assets",
		[phase.name, phase.type, action.tool],
	)
}

findings contains data.ql.ai.lib.refusal("plan.phase_type", reason, true) if {
	some phase in input.plan.phases
	not phase.type in {"canary", "wave", "wait", "verify"}
	reason := sprintf(
		"phase '%s' has type %s: canary, wave, wait and verify are allowed; undoing belongs in the plan's rollback",
		[phase.name, phase.type],
	)
}

findings contains data.ql.ai.lib.refusal("plan.phase_changes_nothing", reason, true) if {
	some phase in input.plan.phases
	phase.type in {"canary", "wave"}
	not changes_assets(phase)
	reason := sprintf(
		"phase '%s' is a %s that changes nothing: it needs assets and an action that changes them",
		[phase.name, phase.type],
	)
}

changes_assets(phase) if {
	count(phase.asset_ids) > 0
	some action in phase.actions
	risk(action) in state_changing
}

# Of images, what is changed stands in the action.
changes_assets(phase) if {
	images_only
	some action in phase.actions
	risk(action) in state_changing
	count(action.resource_ids) > 0
}

# --- every environment: checks and the way back ---

findings contains data.ql.ai.lib.refusal("plan.no_health_check", reason, true) if {
	some i in changing
	phase := input.plan.phases[i]
	count(phase.health_checks) + count(phase.resource_checks) == 0
	reason := sprintf("phase '%s' changes assets and has no health check: at least 1 is needed", [phase.name])
}

findings contains data.ql.ai.lib.refusal("plan.health_check_threshold", reason, true) if {
	some phase in input.plan.phases
	some check in phase.health_checks
	check.kind == "error_rate_below"
	not threshold_between(check.threshold)
	reason := sprintf(
		"phase '%s' checks error_rate_below without a threshold above 0 and below 100 percent",
		[phase.name],
	)
}

findings contains data.ql.ai.lib.refusal("plan.no_rollback_condition", reason, true) if {
	count(input.plan.rollback.conditions) == 0
	reason := "the rollback has no conditions: at least 1 is needed, e.g. health_check_failed"
}

findings contains data.ql.ai.lib.refusal("plan.rollback_threshold", reason, true) if {
	some condition in input.plan.rollback.conditions
	condition.kind == "failed_assets_percent"
	not threshold_between(condition.threshold)
	reason := "the rollback condition failed_assets_percent needs a threshold above 0 and below 100 percent"
}

threshold_between(value) if {
	is_number(value)
	value > 0
	value < 100
}

findings contains data.ql.ai.lib.refusal("plan.no_rollback_action", reason, true) if {
	not rolls_back
	not nothing_to_undo
	reason := "the rollback has no action that changes assets back: at least 1 is needed"
}

rolls_back if {
	some action in input.plan.rollback.actions
	risk(action) in state_changing
}
