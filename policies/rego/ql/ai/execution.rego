# May the approved plan start, or its next phase? Asked again before each, because time passes after an approval.
package ql.ai.execution

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := freezes_missing if not is_array(data.gavel.freezes)

else := unreadable if count(unreadable) > 0

else := findings

freezes_missing := {data.ql.ai.lib.refusal(
	"data.freezes",
	"the list of freezes is missing: load data.gavel.freezes, empty when there are none",
	false,
)}

fields := [
	{"at": ["now"], "is": ["string"]},
	{"at": ["phase"], "is": ["string", "null"]},
	{"at": ["requester"], "is": ["string"]},
	{"at": ["approvers"], "is": ["array"]},
	{"at": ["plan", "org"], "is": ["string"]},
	{"at": ["plan", "environment"], "is": ["string"]},
	{"at": ["plan", "maintenance_window"], "is": ["object", "null"]},
	{"at": ["requirement", "roles"], "is": ["array"]},
	{"at": ["requirement", "quorum"], "is": ["number"]},
	{"at": ["policy_digest", "approved"], "is": ["string"]},
	{"at": ["policy_digest", "loaded"], "is": ["string"]},
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

# --- the time is right ---

findings contains data.ql.ai.lib.refusal("execution.environment", reason, false) if {
	not input.plan.environment in {"development", "staging", "production"}
	reason := sprintf("environment %s is not known", [input.plan.environment])
}

findings contains data.ql.ai.lib.refusal("execution.no_window", "production needs a maintenance window; the plan has none", false) if {
	production
	is_null(input.plan.maintenance_window)
}

findings contains data.ql.ai.lib.refusal("execution.outside_window", reason, false) if {
	window := input.plan.maintenance_window
	is_object(window)
	not within(window)
	reason := sprintf(
		"it is %s, outside the maintenance window from %s to %s",
		[input.now, window.start, window.end],
	)
}

within(span) if {
	now >= time.parse_rfc3339_ns(span.start)
	now < time.parse_rfc3339_ns(span.end)
}

# --- freezes ---
# Once: {org, environment, reason, start, end}. Weekly: {org, environment, reason, weekdays, from, to, time_zone},
# from and to as HH:MM; when `to` is not after `from` the window runs into the next day. "*" is any org or environment.

weekday_names := {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

scope_fields := [
	{"at": ["org"], "is": ["string"]},
	{"at": ["environment"], "is": ["string"]},
	{"at": ["reason"], "is": ["string"]},
]

weekly_fields := [
	{"at": ["weekdays"], "is": ["array"]},
	{"at": ["from"], "is": ["string"]},
	{"at": ["to"], "is": ["string"]},
	{"at": ["time_zone"], "is": ["string"]},
]

is_weekly(freeze) if object.get(freeze, "weekdays", set()) != set()

freeze_problem contains sprintf("%d.%s", [i, path]) if {
	some i, freeze in data.gavel.freezes
	some path in data.ql.ai.lib.unusable(freeze, scope_fields)
}

freeze_problem contains sprintf("%d.%s", [i, path]) if {
	some i, freeze in data.gavel.freezes
	is_object(freeze)
	is_weekly(freeze)
	some path in data.ql.ai.lib.unusable(freeze, weekly_fields)
}

freeze_problem contains sprintf("%d.%s", [i, path]) if {
	some i, freeze in data.gavel.freezes
	is_object(freeze)
	not is_weekly(freeze)
	some path in data.ql.ai.lib.unusable(freeze, window_fields)
}

freeze_problem contains sprintf("%d.environment", [i]) if {
	some i, freeze in data.gavel.freezes
	is_string(freeze.environment)
	not freeze.environment in {"development", "staging", "production", "*"}
}

freeze_problem contains sprintf("%d.weekdays", [i]) if {
	some i, freeze in data.gavel.freezes
	is_array(freeze.weekdays)
	known := [day | some day in freeze.weekdays; is_string(day); lower(day) in weekday_names]
	count(known) != max([1, count(freeze.weekdays)])
}

freeze_problem contains sprintf("%d.%s", [i, name]) if {
	some i, freeze in data.gavel.freezes
	some name in ["from", "to"]
	is_string(freeze[name])
	not regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, freeze[name])
}

unreadable := {data.ql.ai.lib.refusal(
	"data.freezes",
	sprintf("freezes cannot be read (%s): correct data.gavel.freezes", [concat(", ", sort(freeze_problem))]),
	false,
)} if {
	count(freeze_problem) > 0
}

else := set()

findings contains data.ql.ai.lib.refusal("execution.frozen", reason, false) if {
	some freeze in data.gavel.freezes
	freeze.org in {"*", input.plan.org}
	freeze.environment in {"*", input.plan.environment}
	frozen(freeze)
	reason := sprintf("%s is frozen: %s", [input.plan.environment, freeze.reason])
}

frozen(freeze) if {
	not is_weekly(freeze)
	within(freeze)
}

frozen(freeze) if {
	is_weekly(freeze)
	weekday(now, freeze.time_zone) in days(freeze)
	clock(freeze.time_zone) >= freeze.from
	before_end(freeze)
}

# The part of an overnight window that lies after midnight belongs to the day before.
frozen(freeze) if {
	is_weekly(freeze)
	overnight(freeze)
	day_before[weekday(now, freeze.time_zone)] in days(freeze)
	clock(freeze.time_zone) < freeze.to
}

before_end(freeze) if overnight(freeze)

before_end(freeze) if clock(freeze.time_zone) < freeze.to

overnight(freeze) if freeze.to <= freeze.from

days(freeze) := {lower(day) | some day in freeze.weekdays}

weekday(instant, zone) := lower(time.weekday([instant, zone]))

day_before := {
	"monday": "sunday",
	"tuesday": "monday",
	"wednesday": "tuesday",
	"thursday": "wednesday",
	"friday": "thursday",
	"saturday": "friday",
	"sunday": "saturday",
}

# HH:MM in the zone, so that it compares as text.
clock(zone) := sprintf("%s:%s", [padded(parts[0]), padded(parts[1])]) if parts := time.clock([now, zone])

padded(number) := sprintf("0%d", [number]) if number < 10

padded(number) := sprintf("%d", [number]) if number >= 10
