# Plans that rebuild no machine: recovery runbooks and images. What they may call, and what a failover needs besides.
package ql.ai.safety

failover_test_max_days := 30

image_tools := {"build_image", "promote_image", "promote_image_nonprod"}

recovery_tools := {"trigger_dr_drill", "trigger_dr_failover"}

findings contains data.ql.ai.lib.refusal("plan.foreign_tool", reason, true) if {
	images_only
	some action in every_action
	not action.tool in image_tools
	reason := sprintf("an image plan calls %s: only %s", [action.tool, concat(", ", sort(image_tools))])
}

findings contains data.ql.ai.lib.refusal("plan.foreign_tool", reason, true) if {
	moves_whole
	some action in every_action
	not action.tool in recovery_tools
	reason := sprintf("a recovery runbook calls %s: only %s", [action.tool, concat(", ", sort(recovery_tools))])
}

findings contains data.ql.ai.lib.refusal("plan.image_changes_assets", reason, true) if {
	images_only
	touching := {id |
		some phase in input.plan.phases
		some id in touched(phase)
	}
	count(assets | touching) > 0
	reason := "an image plan changes images and no machine: its asset_ids are empty"
}

findings contains data.ql.ai.lib.refusal("plan.one_resource", reason, true) if {
	images_only
	[row.id | some row in input.plan.resources] != [input.plan.image_id]
	reason := sprintf("an image plan is about one image, %s, and lists it once in resources", [input.plan.image_id])
}

findings contains data.ql.ai.lib.refusal("plan.one_resource", reason, true) if {
	moves_whole
	[row.id | some row in input.plan.resources] != [input.plan.pair_id]
	reason := sprintf("a runbook is about one recovery pair, %s, and lists it once in resources", [input.plan.pair_id])
}

findings contains data.ql.ai.lib.refusal("plan.other_resource", reason, true) if {
	some action in every_action
	named := object.get(action.params, "dr_pair_id", object.get(action.params, "image_id", ""))
	named != ""
	not named in {object.get(input.plan, "pair_id", ""), object.get(input.plan, "image_id", "")}
	reason := sprintf("action %s is about %s, which is not what the plan is about", [action.tool, named])
}

findings contains data.ql.ai.lib.refusal("plan.drill_moves_traffic", "a drill calls trigger_dr_failover: it must not move traffic", true) if {
	drills
	some action in every_action
	action.tool == "trigger_dr_failover"
}

fails_over if {
	moves_whole
	some phase in input.plan.phases
	some action in phase.actions
	action.tool == "trigger_dr_failover"
}

findings contains data.ql.ai.lib.refusal("plan.failover_untested", reason, false) if {
	fails_over
	not tested_lately
	reason := sprintf(
		"a failover needs a test of the pair that passed in the last %d days; drill it first",
		[failover_test_max_days],
	)
}

tested_lately if {
	days := input.plan.days_since_passed_test
	is_number(days)
	days >= 0
	days <= failover_test_max_days
}

findings contains data.ql.ai.lib.refusal("plan.failover_loss", reason, true) if {
	fails_over
	not loss_agreed
	reason := "a failover states how much data it may lose, and today's loss must be known and not above it"
}

loss_agreed if {
	is_number(input.plan.simulation.data_loss_minutes)
	is_number(input.plan.max_data_loss_minutes)
	input.plan.simulation.data_loss_minutes <= input.plan.max_data_loss_minutes
	every action in [a | some p in input.plan.phases; some a in p.actions; a.tool == "trigger_dr_failover"] {
		action.params.max_data_loss_minutes <= input.plan.max_data_loss_minutes
	}
}

cannot_move := {"active_on_primary", "recovery_capacity", "images_published"}

findings contains data.ql.ai.lib.refusal("plan.recovery_site", reason, false) if {
	moves_whole
	open := cannot_move & {name | some name in input.plan.simulation.not_passed}
	count(open) > 0
	reason := sprintf("the recovery site could not take over: %s", [concat(", ", sort(open))])
}
