# What could only run while its environment is frozen is not put to people at all: see `ql.ai.calendar`.
package ql.ai.safety

findings contains data.ql.ai.lib.refusal("plan.frozen", reason, false) if {
	is_null(input.plan.maintenance_window)
	now := time.parse_rfc3339_ns(input.now)
	some why in data.ql.ai.calendar.frozen(now, input.plan.org, input.plan.environment)
	reason := sprintf(
		"%s is frozen, and the plan has no maintenance window after the freeze: %s",
		[input.plan.environment, why],
	)
}

findings contains data.ql.ai.lib.refusal("plan.window_frozen", reason, false) if {
	window := input.plan.maintenance_window
	is_object(window)
	some why in swallowing(window)
	reason := sprintf(
		"%s is frozen during the whole maintenance window from %s to %s: %s",
		[input.plan.environment, window.start, window.end, why],
	)
}

# The freezes, not weekly ones, in which the whole of a window lies.
swallowing(window) := {entry.reason |
	some name in ["declared", "freezes"]
	some entry in data.ql.ai.calendar.entries[name]
	not data.ql.ai.calendar.is_weekly(entry)
	data.ql.ai.calendar.applies(entry, input.plan.org, input.plan.environment)
	time.parse_rfc3339_ns(entry.start) <= time.parse_rfc3339_ns(window.start)
	time.parse_rfc3339_ns(entry.end) >= time.parse_rfc3339_ns(window.end)
}
