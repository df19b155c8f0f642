# How much may run without a person's yes? Nothing that changes production, in any mode; elsewhere as much as the org
# set for the environment and for the plan's tools, the most careful setting counting.
package ql.ai.autonomy

# `unattended_phases`: how many of the plan's phases, from the first, may run without approval. It is the only way
# past one, and 0 wherever anything is unclear.
decision := {
	"allow": allow,
	"deny": deny,
	"version": data.ql.ai.lib.version,
	"mode": mode,
	"unattended_phases": unattended_phases,
	"blockers": blockers,
}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := settings_unusable if count(unreadable) > 0

else := data.ql.ai.calendar.unreadable if count(data.ql.ai.calendar.problems) > 0

else := findings

settings_unusable := {data.ql.ai.lib.refusal(
	"data.autonomy",
	sprintf(
		"the autonomy settings of org %s cannot be read (%s): correct data.gavel.autonomy",
		[input.caller.org, concat(", ", sort(unreadable))],
	),
	false,
)}

fields := [
	{"at": ["now"], "is": ["string"]},
	{"at": ["caller", "org"], "is": ["string"]},
	{"at": ["caller", "user"], "is": ["string"]},
	{"at": ["caller", "alerted"], "is": ["boolean"]},
	{"at": ["task", "risk_level"], "is": ["string"]},
	{"at": ["plan", "org"], "is": ["string"]},
	{"at": ["plan", "environment"], "is": ["string"]},
	{"at": ["plan", "asset_ids"], "is": ["array"]},
	{"at": ["plan", "phases"], "is": ["array"]},
	{"at": ["plan", "rollback", "actions"], "is": ["array"]},
	{"at": ["tools"], "is": ["object"]},
	{"at": ["assets"], "is": ["array"]},
	{"at": ["last_change_at"], "is": ["string", "null"]},
]

phase_fields := [
	{"at": ["type"], "is": ["string"]},
	{"at": ["actions"], "is": ["array"]},
]

asset_fields := [
	{"at": ["id"], "is": ["string"]},
	{"at": ["platform"], "is": ["string"]},
	{"at": ["tags"], "is": ["object"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("plan.phases.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.plan.phases, phase_fields)
}

unusable contains sprintf("plan.phases.%d.actions.%s", [i, path]) if {
	is_array(input.plan.phases)
	some i, phase in input.plan.phases
	is_object(phase)
	some path in data.ql.ai.lib.unusable_each(phase.actions, [{"at": ["tool"], "is": ["string"]}])
}

unusable contains sprintf("plan.rollback.actions.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.plan.rollback.actions, [{"at": ["tool"], "is": ["string"]}])
}

unusable contains sprintf("assets.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.assets, asset_fields)
}

# --- the settings: the org's own over the shipped ones ---

settings := object.union(
	data.gavel.autonomy["default"],
	object.get(data.gavel.autonomy.orgs, input.caller.org, {}),
)

setting_fields := [
	{"at": ["mode"], "is": ["string"]},
	{"at": ["environments"], "is": ["object"]},
	{"at": ["tools"], "is": ["object"]},
	{"at": ["max_assets"], "is": ["number"]},
	{"at": ["cooldown_seconds"], "is": ["number"]},
	{"at": ["blocked_operations"], "is": ["array"]},
	{"at": ["blocked_platforms"], "is": ["array"]},
	{"at": ["critical_tags"], "is": ["array"]},
	{"at": ["risk_levels"], "is": ["array"]},
]

unreadable contains path if some path in data.ql.ai.lib.unusable(settings, setting_fields)

# Unread without the data: then there is nothing to lack anything.
unreadable contains "data.gavel.autonomy" if not settings

unreadable contains sprintf("mode %v", [name]) if {
	some name in modes_set
	not name in order
}

unreadable contains sprintf("environment %s", [name]) if {
	some name, _ in settings.environments
	not name in {"development", "staging", "production"}
}

# --- the mode: the most careful of what is set for the org, the environment and the tools ---

# The most careful first.
order := ["plan_only", "approve_all", "canary_only", "risk_based", "full_auto"]

# Only of what is usable: regorus raises an error where OPA finds nothing to iterate over.
tools_used contains action.tool if {
	count(unusable) == 0
	some phase in input.plan.phases
	some action in phase.actions
}

tools_used contains action.tool if {
	count(unusable) == 0
	some action in input.plan.rollback.actions
}

modes_set contains settings.mode

modes_set contains settings.environments[input.plan.environment]

modes_set contains settings.tools[tool] if some tool in tools_used

default mode := "approve_all"

mode := order[first] if {
	count(unreadable) == 0
	first := min({i | some i, name in order; name in modes_set})
}

findings contains data.ql.ai.lib.refusal("autonomy.org", "the plan is of another org than the person who asked", false) if {
	input.plan.org != input.caller.org
}

findings contains data.ql.ai.lib.refusal("autonomy.environment", reason, false) if {
	not input.plan.environment in {"development", "staging", "production"}
	reason := sprintf("environment %s has no autonomy rule", [input.plan.environment])
}

# --- the waiver ---

waiving := {"canary_only", "risk_based", "full_auto"}

# Where a waiver is thought of at all: elsewhere nothing has to be known that only a waiver rests on.
waivable if {
	allow
	mode in waiving
	changes
	input.plan.environment in {"development", "staging"}
	count(risks - {"read_only", "plan_only", "state_change_nonprod"}) == 0
}

default unattended_phases := 0

unattended_phases := enough if {
	waivable
	count(blockers) == 0
}

default enough := 0

enough := count(input.plan.phases) if mode == "full_auto"

enough := count(input.plan.phases) if {
	mode == "risk_based"
	input.task.risk_level in settings.risk_levels
	input.task.risk_level != "critical"
}

# The canary, and the waiting and checking that belongs to it: what comes after needs a person.
enough := after_canary if {
	mode == "canary_only"
	some phase in array.slice(input.plan.phases, 0, after_canary)
	phase.type == "canary"
}

after_canary := min({count(input.plan.phases)} | {i |
	some i, phase in input.plan.phases
	not phase.type in {"canary", "wait", "verify"}
})

risks := {object.get(input.tools, tool, "unknown") | some tool in tools_used}

changes if {
	some risk in risks
	not risk in {"read_only", "plan_only"}
}

# --- blockers: any one of them brings the approval back ---

default blockers := []

blockers := sort(found) if waivable

found contains sprintf("%d assets, and at most %v run without approval", [count(ids), settings.max_assets]) if {
	count(ids) > settings.max_assets
}

found contains sprintf("operation %s always needs approval", [tool]) if {
	some tool in tools_used
	tool in settings.blocked_operations
}

found contains sprintf("asset %s is critical", [asset.id]) if {
	some asset in input.assets
	asset.id in ids
	some name, value in asset.tags
	sprintf("%s=%v", [name, value]) in settings.critical_tags
}

found contains sprintf("platform %s always needs approval", [asset.platform]) if {
	some asset in input.assets
	asset.id in ids
	asset.platform in settings.blocked_platforms
}

found contains sprintf("nothing is known of %d of the assets", [count(unknown)]) if {
	unknown := ids - {asset.id | some asset in input.assets}
	count(unknown) > 0
}

found contains sprintf("the last change there was at %s, and %v s must pass", [input.last_change_at, settings.cooldown_seconds]) if {
	is_string(input.last_change_at)
	passed := now - time.parse_rfc3339_ns(input.last_change_at)
	passed < settings.cooldown_seconds * 1000000000
}

found contains sprintf("risk %s is not among those that run without approval", [input.task.risk_level]) if {
	mode == "risk_based"
	enough == 0
}

found contains "the plan has no canary that could run alone" if {
	mode == "canary_only"
	enough == 0
}

found contains sprintf("%s is frozen: %s", [input.plan.environment, why]) if {
	some why in data.ql.ai.calendar.frozen(now, input.plan.org, input.plan.environment)
}

found contains sprintf("outside the change windows of %s: %s", [input.plan.environment, concat("; ", sort(shut))]) if {
	shut := data.ql.ai.calendar.shut(now, input.plan.org, input.plan.environment)
	count(shut) > 0
}

found contains "an alert asked, and nobody stands behind it" if startswith(input.caller.user, "alert:")

found contains "what is asked for is what an alert said" if input.caller.alerted

ids := {id | some id in input.plan.asset_ids}

now := time.parse_rfc3339_ns(input.now)
