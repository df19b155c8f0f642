# May the approved plan start, or its next phase? Asked again before each, because time passes after an approval.
package ql.ai.execution

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := data.ql.ai.calendar.unreadable if count(data.ql.ai.calendar.problems) > 0

else := findings

fields := [
	{"at": ["now"], "is": ["string"]},
	{"at": ["freezes"], "is": ["array"]},
	{"at": ["phase"], "is": ["string", "null"]},
	{"at": ["phase_index"], "is": ["number", "null"]},
	{"at": ["requester"], "is": ["string"]},
	{"at": ["approvers"], "is": ["array"]},
	{"at": ["plan", "org"], "is": ["string"]},
	{"at": ["plan", "environment"], "is": ["string"]},
	{"at": ["plan", "maintenance_window"], "is": ["object", "null"]},
	{"at": ["requirement", "roles"], "is": ["array"]},
	{"at": ["requirement", "quorum"], "is": ["number"]},
	{"at": ["policy_digest", "approved"], "is": ["string"]},
	{"at": ["policy_digest", "loaded"], "is": ["string"]},
	{"at": ["autonomy", "mode"], "is": ["string"]},
	{"at": ["autonomy", "relied_on"], "is": ["boolean"]},
	{"at": ["autonomy", "unattended_phases"], "is": ["number"]},
	{"at": ["autonomy", "blockers"], "is": ["array"]},
]

approver_fields := [
	{"at": ["org"], "is": ["string"]},
	{"at": ["user"], "is": ["string"]},
	{"at": ["roles"], "is": ["array"]},
]

window_fields := [
	{"at": ["start"], "is": ["string"]},
	{"at": ["end"], "is": ["string"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("approvers.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.approvers, approver_fields)
}

unusable contains sprintf("plan.maintenance_window.%s", [path]) if {
	is_object(input.plan.maintenance_window)
	some path in data.ql.ai.lib.unusable(input.plan.maintenance_window, window_fields)
}

now := time.parse_rfc3339_ns(input.now)

production if input.plan.environment == "production"

# --- the approval still stands ---

findings contains data.ql.ai.lib.refusal("execution.policy_changed", reason, false) if {
	input.policy_digest.approved != input.policy_digest.loaded
	reason := "the policies are not those under which the plan was approved: it must be judged and approved again"
}

findings contains data.ql.ai.lib.refusal("execution.policy_digest", reason, false) if {
	some name in ["approved", "loaded"]
	not data.ql.ai.lib.digest(input.policy_digest[name])
	reason := sprintf("the %s policy digest is not sha256: and 64 hex digits", [name])
}

findings contains data.ql.ai.lib.refusal("execution.no_roles", "the approval requirement names no role: nobody qualifies", false) if {
	count(input.requirement.roles) == 0
}

findings contains data.ql.ai.lib.refusal("execution.quorum", reason, false) if {
	not waived
	count(qualifying) < max([1, input.requirement.quorum])
	reason := sprintf(
		"%d of the approvers still hold one of the roles %s, and %v are needed; the person who asked does not count",
		[count(qualifying), concat(", ", sort(input.requirement.roles)), max([1, input.requirement.quorum])],
	)
}

# Distinct people: the same person twice is one.
qualifying := {approver.user |
	some approver in input.approvers
	approver.user != ""
	approver.user != input.requester
	approver.org == input.plan.org
	some role in approver.roles
	role in input.requirement.roles
}

# --- the waiver still stands, where the phase runs on one ---

findings contains data.ql.ai.lib.refusal("execution.plan_only", reason, false) if {
	input.autonomy.mode == "plan_only"
	reason := sprintf("%s is plan-only for this org: nothing is run there", [input.plan.environment])
}

findings contains data.ql.ai.lib.refusal("execution.waiver", reason, false) if {
	input.autonomy.relied_on
	not waived
	reason := sprintf(
		"this phase would run without approval, and autonomy (%s) does not allow that now: %s",
		[input.autonomy.mode, waiver_lost],
	)
}

default waiver_lost := "the phase is not among those that may"

waiver_lost := concat("; ", input.autonomy.blockers) if count(input.autonomy.blockers) > 0

# What the policies of this moment say, not of the moment when the plan was judged. Never in production.
waived if {
	input.autonomy.relied_on
	input.plan.environment in {"development", "staging"}
	is_number(input.phase_index)
	input.phase_index < input.autonomy.unattended_phases
}

# --- the time is right ---

findings contains data.ql.ai.lib.refusal("execution.environment", reason, false) if {
	not input.plan.environment in {"development", "staging", "production"}
	reason := sprintf("environment %s is not known", [input.plan.environment])
}

findings contains data.ql.ai.lib.refusal("execution.no_window", "production needs a maintenance window; the plan has none", false) if {
	production
	not object.get(input.plan, "kind", "") == "ImageSpec" # it touches no machine
	is_null(input.plan.maintenance_window)
}

findings contains data.ql.ai.lib.refusal("execution.outside_window", reason, false) if {
	window := input.plan.maintenance_window
	is_object(window)
	not data.ql.ai.calendar.within(window, now)
	reason := sprintf(
		"it is %s, outside the maintenance window from %s to %s",
		[input.now, window.start, window.end],
	)
}

# --- freezes and change windows: see `ql.ai.calendar` ---

findings contains data.ql.ai.lib.refusal("execution.frozen", reason, false) if {
	some why in data.ql.ai.calendar.frozen(now, input.plan.org, input.plan.environment)
	reason := sprintf("%s is frozen: %s", [input.plan.environment, why])
}

findings contains data.ql.ai.lib.refusal("execution.outside_change_window", reason, false) if {
	shut := data.ql.ai.calendar.shut(now, input.plan.org, input.plan.environment)
	count(shut) > 0
	reason := sprintf(
		"it is %s, outside the change windows of %s: %s",
		[input.now, input.plan.environment, concat("; ", sort(shut))],
	)
}
