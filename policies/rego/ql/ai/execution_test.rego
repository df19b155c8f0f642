package ql.ai.execution_test

import data.ql.ai.execution

digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

valid := {
	"now": "2026-11-24T10:00:00Z",
	"freezes": [],
	"phase": "Canary",
	"phase_index": 0,
	"requester": "U1",
	"approvers": [{"org": "T1", "user": "U2", "roles": ["approver"]}],
	"plan": {
		"org": "T1",
		"environment": "production",
		"maintenance_window": {"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T12:00:00Z"},
	},
	"requirement": {"roles": ["approver"], "quorum": 1},
	"policy_digest": {"approved": digest, "loaded": digest},
	"autonomy": {"mode": "approve_all", "relied_on": false, "unattended_phases": 0, "blockers": []},
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

rules(patches) := found if {
	decision := execution.decision with input as json.patch(valid, patches)
	found := {entry.rule | some entry in decision.deny}
}

test_as_approved if execution.decision == {"allow": true, "deny": set(), "version": "1"} with input as valid

refused := {
	"execution.policy_changed": set_to("/policy_digest/loaded", "sha256:0"),
	"execution.policy_digest": set_to("/policy_digest", {"approved": "", "loaded": ""}),
	"execution.no_roles": set_to("/requirement/roles", []),
	"execution.quorum": set_to("/requirement/quorum", 2),
	"execution.environment": set_to("/plan/environment", "prod"),
	"execution.no_window": set_to("/plan/maintenance_window", null),
	"execution.outside_window": set_to("/now", "2026-11-24T12:00:00Z"),
	"execution.plan_only": set_to("/autonomy/mode", "plan_only"),
	"execution.waiver": set_to("/autonomy/relied_on", true),
	"input.incomplete": [{"op": "remove", "path": "/requester"}],
}

test_each_rule_refuses[rule] if {
	some rule, patches in refused
	rule in rules(patches)
}

declared := {
	"org": "T1",
	"environment": "production",
	"reason": "year end",
	"start": "2026-11-24T09:30:00Z",
	"end": "2026-11-24T11:00:00Z",
}

test_a_declared_freeze_stops_what_was_approved if {
	rules(set_to("/freezes", [declared])) == {"execution.frozen"}
	rules(set_to("/freezes", [object.union(declared, {"environment": "staging"})])) == set()
	rules(set_to("/freezes", [object.union(declared, {"org": "T2"})])) == set()
	rules(set_to("/freezes", [object.union(declared, {"end": "2026-11-24T10:00:00Z"})])) == set()
}

test_a_declared_freeze_that_cannot_be_read_stops_everything if {
	rules(set_to("/freezes", [object.remove(declared, ["end"])])) == {"data.freezes"}
	rules(set_to("/freezes", ["all"])) == {"data.freezes"}
	rules(set_to("/freezes", null)) == {"input.incomplete"}
}

test_malformed_approvers_and_windows_are_incomplete if {
	rules(set_to("/approvers/0", "U2")) == {"input.incomplete"}
	rules(set_to("/plan/maintenance_window", {})) == {"input.incomplete"}
}

test_the_person_who_asked_does_not_count if rules(set_to("/requester", "U2")) == {"execution.quorum"}

alone := array.concat(
	array.concat(set_to("/plan/environment", "staging"), set_to("/plan/maintenance_window", null)),
	array.concat(set_to("/approvers", []), set_to("/autonomy", {
		"mode": "canary_only",
		"relied_on": true,
		"unattended_phases": 2,
		"blockers": [],
	})),
)

test_a_phase_runs_alone_as_long_as_the_policies_say_so if {
	rules(alone) == set()
	rules(array.concat(alone, set_to("/phase_index", 1))) == set()
	lost := {"execution.quorum", "execution.waiver"}
	rules(array.concat(alone, set_to("/phase_index", 2))) == lost
	rules(array.concat(alone, set_to("/phase_index", null))) == lost
	rules(array.concat(alone, set_to("/autonomy/unattended_phases", 0))) == lost
	rules(array.concat(alone, set_to("/plan/environment", "production"))) == lost | {"execution.no_window"}
	rules(array.concat(alone, set_to("/autonomy/relied_on", false))) == {"execution.quorum"}
	rules(array.concat(alone, set_to("/autonomy/mode", "plan_only"))) == {"execution.plan_only"}
}

test_why_a_waiver_no_longer_stands_is_said if {
	blocked := array.concat(alone, array.concat(
		set_to("/autonomy/unattended_phases", 0),
		set_to("/autonomy/blockers", ["asset a1 is critical"]),
	))
	decision := execution.decision with input as json.patch(valid, blocked)
	reasons := {entry.rule: entry.reason | some entry in decision.deny}
	contains(reasons["execution.waiver"], "asset a1 is critical")
	late := execution.decision with input as json.patch(valid, array.concat(alone, set_to("/phase_index", 2)))
	some entry in late.deny
	contains(entry.reason, "not among those that may")
}

once := {
	"org": "T1",
	"environment": "*",
	"reason": "year end",
	"start": "2026-11-24T09:00:00Z",
	"end": "2026-11-24T11:00:00Z",
}

weekly := {
	"org": "*",
	"environment": "production",
	"reason": "nights",
	"weekdays": ["Tuesday"],
	"from": "22:00",
	"to": "04:00",
	"time_zone": "UTC",
}

all_year := set_to("/plan/maintenance_window", {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"})

at(instant, freezes) := {entry.rule | some entry in decision.deny} if {
	document := json.patch(valid, array.concat(all_year, set_to("/now", instant)))
	decision := execution.decision with input as document with data.gavel.freezes as freezes
}

test_a_freeze_lasts_exactly_as_long_as_it_says if {
	at("2026-11-24T09:00:00Z", [once]) == {"execution.frozen"}
	at("2026-11-24T11:00:00Z", [once]) == set()
}

test_an_overnight_window_reaches_into_the_next_morning if {
	at("2026-11-24T21:59:00Z", [weekly]) == set()
	at("2026-11-24T22:00:00Z", [weekly]) == {"execution.frozen"}
	at("2026-11-25T03:59:00Z", [weekly]) == {"execution.frozen"}
	at("2026-11-25T04:00:00Z", [weekly]) == set()
	at("2026-11-24T03:00:00Z", [weekly]) == set()
}

windowed(instant, windows) := {entry.rule | some entry in decision.deny} if {
	document := json.patch(valid, array.concat(all_year, set_to("/now", instant)))
	decision := execution.decision with input as document with data.gavel.windows as windows
}

test_changes_run_only_in_a_change_window_where_there_is_one if {
	night := object.union(weekly, {"org": "T1"})
	windowed("2026-11-25T03:59:00Z", [night]) == set()
	windowed("2026-11-25T04:00:00Z", [night]) == {"execution.outside_change_window"}
	windowed("2026-11-25T04:00:00Z", [night, once]) == {"execution.outside_change_window"}
	windowed("2026-11-24T09:00:00Z", [night, once]) == set()
	windowed("2026-11-25T04:00:00Z", [object.union(night, {"org": "T2"})]) == set()
	windowed("2026-11-25T04:00:00Z", [object.union(night, {"environment": "staging"})]) == set()
}

test_freezes_are_of_an_org_and_an_environment if {
	at("2026-11-24T09:00:00Z", [object.union(once, {"org": "T2"})]) == set()
	at("2026-11-24T09:00:00Z", [object.union(once, {"environment": "staging"})]) == set()
}

zoned := object.union(weekly, {"weekdays": ["sunday"], "from": "22:00", "to": "00:30", "time_zone": "Asia/Tokyo"})

test_a_weekday_is_that_of_its_zone if {
	at("2026-11-22T12:59:00Z", [zoned]) == set()
	at("2026-11-22T13:00:00Z", [zoned]) == {"execution.frozen"}
	at("2026-11-22T15:29:00Z", [zoned]) == {"execution.frozen"}
	at("2026-11-22T15:30:00Z", [zoned]) == set()
}

every_night := object.union(weekly, {"weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]})

test_each_day_follows_another[i] if {
	some i in numbers.range(23, 29)
	at(sprintf("2026-11-%dT03:00:00Z", [i]), [every_night]) == {"execution.frozen"}
	at(sprintf("2026-11-%dT05:00:00Z", [i]), [every_night]) == set()
}

test_a_window_within_a_day if {
	office := object.union(weekly, {"weekdays": ["TUESDAY"], "from": "09:00", "to": "17:00"})
	at("2026-11-24T10:00:00Z", [office]) == {"execution.frozen"}
	at("2026-11-24T17:00:00Z", [office]) == set()
}

unreadable := [
	"freeze",
	object.remove(once, ["end"]),
	object.remove(weekly, ["time_zone"]),
	object.union(once, {"environment": "prod"}),
	object.union(weekly, {"weekdays": []}),
	object.union(weekly, {"weekdays": ["Freitag"]}),
	object.union(weekly, {"from": "9"}),
]

test_a_freeze_that_cannot_be_read_stops_everything[i] if {
	some i, freeze in unreadable
	at("2026-01-02T10:00:00Z", [freeze]) == {"data.freezes"}
	windowed("2026-01-02T10:00:00Z", [freeze]) == {"data.freezes"}
}

test_without_any_data_nothing_runs if {
	decision := execution.decision with input as valid with data.gavel as {}
	{entry.rule | some entry in decision.deny} == {"data.freezes"}
}

test_a_list_of_freezes_that_is_none_stops_everything if at("2026-01-02T10:00:00Z", "none") == {"data.freezes"}

test_nothing_is_allowed_of_an_empty_input if execution.decision.allow == false with input as {}
