# The words that the rules of `ql.ai.safety` are written in, all computed from the plan's own assets.
package ql.ai.safety

limits := data.ql.ai.lib.limits(input.org)

production if input.plan.environment == "production"

assets := {id | some id in input.plan.asset_ids}

total := count(assets)

default percent(_) := 100

percent(n) := (100 * n) / total if total > 0

shown(number) := round(number * 10) / 10

largest_batch := max([1, floor((total * limits.batch_max_percent) / 100)])

risk(action) := object.get(input.tools, action.tool, "unknown")

# Plans that rebuild machines keep to canary and batches. These do not rebuild any: what they may call is held in
# safety_operations.rego, so that the kind a plan states of itself lets nothing else through.
images_only if input.plan.kind == "ImageSpec"

moves_whole if input.plan.kind == "DRRunbook"

drills if {
	moves_whole
	object.get(input.plan, "operation", "") == "drill"
}

# Said in the plan, so that whoever approves reads why nothing is put back.
nothing_to_undo if {
	images_only
	trim_space(object.get(input.plan.rollback, "note", "")) != ""
}

nothing_to_undo if {
	drills
	trim_space(object.get(input.plan.rollback, "note", "")) != ""
}

state_changing := {"state_change_nonprod", "state_change_prod"}

# Whatever a phase would touch, wherever it is written: its own list, its actions', or their parameters.
touched(phase) := ({id | some id in phase.asset_ids} | {id |
	some action in phase.actions
	some id in action.asset_ids
}) | {id |
	some action in phase.actions
	ids := action.params.asset_ids
	is_array(ids)
	some id in ids
}

changes(phase) if phase.type in {"canary", "wave"}

changes(phase) if {
	some action in phase.actions
	risk(action) in state_changing
}

changing := [i |
	some i, phase in input.plan.phases
	changes(phase)
]

every_action := array.concat(
	[action |
		some phase in input.plan.phases
		some action in phase.actions
	],
	input.plan.rollback.actions,
)
