# What production asks of a plan besides.
package ql.ai.safety

findings contains data.ql.ai.lib.refusal("plan.batch_too_large", reason, true) if {
	production
	not moves_whole # a recovery pair moves as a whole, or not at all
	some i in changing
	phase := input.plan.phases[i]
	n := count(touched(phase))
	n > 1 # one asset is the smallest batch there is, whatever share of a small fleet it makes
	percent(n) > limits.batch_max_percent
	reason := sprintf(
		"batch %v%% exceeds the %v%% limit in production: phase '%s' changes %d of %d assets, at most %d are allowed",
		[shown(percent(n)), limits.batch_max_percent, phase.name, n, total, largest_batch],
	)
}

findings contains data.ql.ai.lib.refusal("plan.batch_stated_too_large", reason, true) if {
	production
	not moves_whole
	some i in changing
	phase := input.plan.phases[i]
	n := count(touched(phase))
	n != 1
	percent(n) <= limits.batch_max_percent
	phase.batch_percent > limits.batch_max_percent
	reason := sprintf(
		"batch %v%% exceeds the %v%% limit in production: phase '%s' states it as its batch_percent",
		[shown(phase.batch_percent), limits.batch_max_percent, phase.name],
	)
}

first_change := input.plan.phases[changing[0]]

findings contains data.ql.ai.lib.refusal("plan.no_canary", reason, true) if {
	production
	count(changing) > 0
	first_change.type != "canary"
	reason := sprintf(
		"production needs a canary before any wave: the first change, phase '%s', is a %s; %s",
		[first_change.name, first_change.type, canary_allowed],
	)
}

findings contains data.ql.ai.lib.refusal("plan.no_canary", reason, true) if {
	production
	count(changing) == 0
	reason := sprintf("production needs a canary phase and the plan has none; %s", [canary_allowed])
}

canary_allowed := sprintf(
	"start with a phase of type canary of at most %v assets or %v%% of the plan's",
	[limits.canary_max_assets, limits.canary_max_percent],
)

findings contains data.ql.ai.lib.refusal("plan.canary_too_large", reason, true) if {
	production
	not moves_whole
	some phase in input.plan.phases
	phase.type == "canary"
	n := count(touched(phase))
	n > limits.canary_max_assets
	percent(n) > limits.canary_max_percent
	reason := sprintf(
		"canary '%s' changes %d of %d assets (%v%%): at most %v assets or %v%% are allowed in production",
		[phase.name, n, total, shown(percent(n)), limits.canary_max_assets, limits.canary_max_percent],
	)
}

findings contains data.ql.ai.lib.refusal("plan.no_canary_wait", reason, true) if {
	production
	count(changing) > 1
	not waited
	reason := sprintf(
		"production needs a wait phase of at least %v s between the canary and the next change, and there is none",
		[limits.canary_wait_min_seconds],
	)
}

waited if {
	some i, phase in input.plan.phases
	phase.type == "wait"
	i > changing[0]
	i < changing[1]
	phase.wait_seconds >= limits.canary_wait_min_seconds
}

findings contains data.ql.ai.lib.refusal("plan.no_maintenance_window", reason, true) if {
	production
	not images_only # no machine is touched
	is_null(input.plan.maintenance_window)
	reason := "production needs a maintenance window and the plan has none"
}

findings contains data.ql.ai.lib.refusal("plan.maintenance_window_order", reason, true) if {
	window := input.plan.maintenance_window
	is_object(window)
	time.parse_rfc3339_ns(window.start) >= time.parse_rfc3339_ns(window.end)
	reason := sprintf("the maintenance window ends at %s, not after its start %s", [window.end, window.start])
}

findings contains data.ql.ai.lib.refusal("plan.maintenance_window_over", reason, true) if {
	window := input.plan.maintenance_window
	is_object(window)
	time.parse_rfc3339_ns(window.end) <= time.parse_rfc3339_ns(input.now)
	reason := sprintf("the maintenance window ended at %s and it is %s: choose one that is not over", [
		window.end,
		input.now,
	])
}

findings contains data.ql.ai.lib.refusal("plan.not_simulated", reason, true) if {
	production
	is_null(input.plan.simulation)
	reason := "production needs a simulation and the plan has none: call simulate_rollout on it first"
}

findings contains data.ql.ai.lib.refusal("plan.simulation_incomplete", reason, true) if {
	production
	not moves_whole
	input.plan.simulation.simulated_assets < total
	reason := sprintf(
		"the simulation covers %d of %d assets: simulate the plan as it stands",
		[input.plan.simulation.simulated_assets, total],
	)
}

findings contains data.ql.ai.lib.refusal("plan.simulation_failures", reason, true) if {
	production
	not moves_whole
	failures := input.plan.simulation.predicted_failures
	percent(failures) > limits.simulation_failures_max_percent
	reason := sprintf(
		"the simulation predicts %d failures among %d assets (%v%%): at most %v%% is allowed in production",
		[failures, total, shown(percent(failures)), limits.simulation_failures_max_percent],
	)
}
