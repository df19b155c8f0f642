# What every package needs: limits of an org, the check that an input is usable, and the shape of a refusal.
# Others call its functions by their full path: regorus does not find a function through an import.
package ql.ai.lib

version := "1"

refusal(rule, reason, repairable) := {"rule": rule, "reason": reason, "repairable": repairable}

# The default limits with the org's own over them. Undefined when the data is not loaded.
limits(org) := object.union(data.gavel.limits["default"], object.get(data.gavel.limits.orgs, org, {}))

# Each by itself: what is put together is put together anew for each decision.
limit_fields := [
	{"at": ["agreement_step_up_percent"], "is": ["number"]},
	{"at": ["approval_expiry_alert_seconds"], "is": ["number"]},
	{"at": ["approval_expiry_max_seconds"], "is": ["number"]},
	{"at": ["approval_expiry_seconds"], "is": ["number"]},
	{"at": ["batch_max_percent"], "is": ["number"]},
	{"at": ["blast_radius_two_approvers"], "is": ["number"]},
	{"at": ["canary_max_assets"], "is": ["number"]},
	{"at": ["canary_max_percent"], "is": ["number"]},
	{"at": ["canary_wait_min_seconds"], "is": ["number"]},
	{"at": ["dissent_step_up"], "is": ["number"]},
	{"at": ["quorum"], "is": ["number"]},
	{"at": ["quorum_raised"], "is": ["number"]},
	{"at": ["simulation_failures_max_percent"], "is": ["number"]},
	{"at": ["roles", "approve_nonproduction"], "is": ["array"]},
	{"at": ["roles", "approve_production"], "is": ["array"]},
	{"at": ["roles", "change_state"], "is": ["array"]},
	{"at": ["roles", "org_scope"], "is": ["array"]},
]

# A limit of the wrong type compares as larger than any number, so it would never refuse: it must be seen first.
limits_usable(org) if count(unusable(limits(org), limit_fields)) == 0

# The paths of `spec` that `doc` lacks, or holds with another type. JSON has no sets, so `set()` means missing.
# In two functions, because regorus does not evaluate a comprehension in the head of a rule with a body.
unusable(doc, spec) := lacking(doc, spec) if is_object(doc)

lacking(doc, spec) := {concat(".", field.at) |
	some field in spec
	not type_name(object.get(doc, field.at, set())) in field.is
}

unusable(doc, _) := {"(not an object)"} if not is_object(doc)

# The same for every element of a list; nothing when it is no list, which the list's own check reports.
unusable_each(items, spec) := {sprintf("%d.%s", [i, path]) |
	is_array(items)
	some i, item in items
	some path in unusable(item, spec)
}

incomplete(paths) := {refusal(
	"input.incomplete",
	sprintf("the policy input has no usable %s: a decision needs every one of these", [concat(", ", sort(paths))]),
	false,
)}

no_limits(org) := {refusal(
	"data.limits",
	sprintf("the limits for org %s are missing or not of the right type: load data.gavel.limits", [org]),
	false,
)}

digest(text) if regex.match(`^sha256:[0-9a-f]{64}$`, text)

may_start_changes(caller, limits) if {
	some role in caller.roles
	role in limits.roles.change_state
}

# An alert holds no role. Its task is started by nobody but those who approve it, and only they let it change anything.
may_start_changes(caller, _) if startswith(caller.user, "alert:")
