# When may something be changed? A freeze forbids, a change window allows: once, or weekly in a time zone.
# Once: {org, environment, reason, start, end}. Weekly: {org, environment, reason, weekdays, from, to, time_zone},
# from and to as HH:MM; when `to` is not after `from` the span runs into the next day. "*" is any org or environment.
package ql.ai.calendar

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

once_fields := [
	{"at": ["start"], "is": ["string"]},
	{"at": ["end"], "is": ["string"]},
]

is_weekly(entry) if object.get(entry, "weekdays", set()) != set()

# --- can it be read? ---

# Empty exactly when all lists are there and every entry can be read: what cannot be read must stop everything.
problems contains name if {
	some name in ["freezes", "windows"]
	not entries[name]
}

entries[name] := list if {
	some name in ["freezes", "windows"]
	list := data.gavel[name]
	is_array(list)
}

entries["declared"] := object.get(input, "freezes", [])

problems contains sprintf("%s.%d.%s", [name, i, path]) if {
	some name, list in entries
	some i, entry in list
	some path in data.ql.ai.lib.unusable(entry, scope_fields)
}

problems contains sprintf("%s.%d.%s", [name, i, path]) if {
	some name, list in entries
	some i, entry in list
	is_object(entry)
	is_weekly(entry)
	some path in data.ql.ai.lib.unusable(entry, weekly_fields)
}

problems contains sprintf("%s.%d.%s", [name, i, path]) if {
	some name, list in entries
	some i, entry in list
	is_object(entry)
	not is_weekly(entry)
	some path in data.ql.ai.lib.unusable(entry, once_fields)
}

problems contains sprintf("%s.%d.environment", [name, i]) if {
	some name, list in entries
	some i, entry in list
	is_string(entry.environment)
	not entry.environment in {"development", "staging", "production", "*"}
}

problems contains sprintf("%s.%d.weekdays", [name, i]) if {
	some name, list in entries
	some i, entry in list
	is_array(entry.weekdays)
	known := [day | some day in entry.weekdays; is_string(day); lower(day) in weekday_names]
	count(known) != max([1, count(entry.weekdays)])
}

problems contains sprintf("%s.%d.%s", [name, i, key]) if {
	some name, list in entries
	some i, entry in list
	some key in ["from", "to"]
	is_string(entry[key])
	not regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, entry[key])
}

unreadable := {data.ql.ai.lib.refusal(
	"data.freezes",
	sprintf(
		"freezes and change windows cannot be read (%s): correct data.gavel, empty lists when there are none",
		[concat(", ", sort(problems))],
	),
	false,
)}

# --- what holds at an instant (nanoseconds) ---

frozen(now, org, environment) := {entry.reason |
	some name in ["declared", "freezes"]
	some entry in entries[name]
	applies(entry, org, environment)
	covers(entry, now)
}

# The windows of which none is open, where there are any at all.
shut(now, org, environment) := set() if count(open(now, org, environment)) > 0

else := windows(org, environment)

windows(org, environment) := {entry.reason |
	some entry in data.gavel.windows
	applies(entry, org, environment)
}

open(now, org, environment) := {i |
	some i, entry in data.gavel.windows
	applies(entry, org, environment)
	covers(entry, now)
}

applies(entry, org, environment) if {
	entry.org in {"*", org}
	entry.environment in {"*", environment}
}

within(span, now) if {
	now >= time.parse_rfc3339_ns(span.start)
	now < time.parse_rfc3339_ns(span.end)
}

covers(entry, now) if {
	not is_weekly(entry)
	within(entry, now)
}

covers(entry, now) if {
	is_weekly(entry)
	weekday(now, entry.time_zone) in days(entry)
	clock(now, entry.time_zone) >= entry.from
	before_end(entry, now)
}

# The part of an overnight span that lies after midnight belongs to the day before.
covers(entry, now) if {
	is_weekly(entry)
	overnight(entry)
	day_before[weekday(now, entry.time_zone)] in days(entry)
	clock(now, entry.time_zone) < entry.to
}

before_end(entry, _) if overnight(entry)

before_end(entry, now) if clock(now, entry.time_zone) < entry.to

overnight(entry) if entry.to <= entry.from

days(entry) := {lower(day) | some day in entry.weekdays}

weekday(now, zone) := lower(time.weekday([now, zone]))

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
clock(now, zone) := sprintf("%s:%s", [padded(parts[0]), padded(parts[1])]) if parts := time.clock([now, zone])

padded(number) := sprintf("0%d", [number]) if number < 10

padded(number) := sprintf("%d", [number]) if number >= 10
