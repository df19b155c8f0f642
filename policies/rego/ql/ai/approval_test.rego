package ql.ai.approval_test

import data.ql.ai.approval

valid := {
	"caller": {"org": "T1", "user": "U1"},
	"task": {"risk_level": "high"},
	"plan": {"org": "T1", "environment": "production", "asset_ids": ["a1", "a2"]},
	"council": {"mode": "council", "consensus": true, "dissent": 1, "opposed": 0, "unheard": 0, "agreement": 0.9, "degraded": null},
	"approval_expiry_seconds": null,
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

decided(patches) := decision if {
	decision := approval.decision with input as json.patch(valid, patches)
}

test_production if {
	decided([]) == {
		"allow": true,
		"deny": set(),
		"version": "1",
		"excluded": ["U1"],
		"requirement": {
			"roles": ["admin", "approver"],
			"quorum": 1,
			"expires_in_seconds": 14400,
			"step_up": false,
			"step_up_reasons": [],
		},
	}
}

required := {
	"nonproduction": {
		"patches": set_to("/plan/environment", "staging"),
		"is": {"roles": ["admin", "approver", "operator"], "quorum": 1},
	},
	"critical": {"patches": set_to("/task/risk_level", "critical"), "is": {"quorum": 2, "step_up": true}},
	"no consensus": {"patches": set_to("/council/consensus", false), "is": {"quorum": 2, "step_up": true}},
	"a large blast radius": {
		"patches": set_to("/plan/asset_ids", numbers.range(1, 100)),
		"is": {"quorum": 2, "step_up": false},
	},
	"degraded": {"patches": set_to("/council/degraded", "one model"), "is": {"quorum": 1, "step_up": true}},
	"one vote against what carried": {"patches": set_to("/council/opposed", 1), "is": {"quorum": 2, "step_up": false}},
	"one vote not heard": {"patches": set_to("/council/unheard", 1), "is": {"quorum": 2, "step_up": false}},
	"much dissent": {"patches": set_to("/council/dissent", 5), "is": {"step_up": true}},
	"dissent, and votes that may have been": {
		"patches": array.concat(set_to("/council/dissent", 3), set_to("/council/unheard", 2)),
		"is": {"quorum": 2, "step_up": true},
	},
	"little agreement": {"patches": set_to("/council/agreement", 0.59), "is": {"step_up": true}},
	"an alert": {"patches": set_to("/caller/user", "alert:1"), "is": {"expires_in_seconds": 3600}},
	"as asked": {"patches": set_to("/approval_expiry_seconds", 60), "is": {"expires_in_seconds": 60}},
}

test_the_requirement_follows_from_the_case[name] if {
	some name, example in required
	requirement := decided(example.patches).requirement
	every key, value in example.is { requirement[key] == value }
}

# One reason for each case that asks for care, in words that the person reads before they approve.
reasons := {
	"critical": {
		"patches": set_to("/task/risk_level", "critical"),
		"are": ["The request is of critical risk."],
	},
	"no consensus": {
		"patches": set_to("/council/consensus", false),
		"are": ["The council did not come to an agreement."],
	},
	"degraded": {
		"patches": set_to("/council/degraded", "one model"),
		"are": ["Fewer models than were asked for stand behind this plan in production."],
	},
	"degraded, but not in production": {
		"patches": array.concat(set_to("/council/degraded", "one model"), set_to("/plan/environment", "staging")),
		"are": [],
	},
	"much dissent": {
		"patches": set_to("/council/dissent", 5),
		"are": ["5 votes of the models were against a claim or a phase."],
	},
	"dissent, and votes that may have been": {
		"patches": array.concat(set_to("/council/dissent", 3), set_to("/council/unheard", 2)),
		"are": ["3 votes of the models were against a claim or a phase; votes not heard: 2."],
	},
	"less dissent than that": {
		"patches": array.concat(set_to("/council/dissent", 3), set_to("/council/unheard", 1)),
		"are": [],
	},
	"little agreement": {
		"patches": set_to("/council/agreement", 0.59),
		"are": ["The models agree to less than 60 percent."],
	},
	"everything at once": {
		"patches": [
			{"op": "add", "path": "/task/risk_level", "value": "critical"},
			{"op": "add", "path": "/council", "value": {
				"mode": "council",
				"consensus": false,
				"dissent": 7,
				"opposed": 1,
				"unheard": 1,
				"agreement": 0.1,
				"degraded": "one model",
			}},
		],
		"are": [
			"7 votes of the models were against a claim or a phase; votes not heard: 1.",
			"Fewer models than were asked for stand behind this plan in production.",
			"The council did not come to an agreement.",
			"The models agree to less than 60 percent.",
			"The request is of critical risk.",
		],
	},
}

test_step_up_comes_with_its_reasons[name] if {
	some name, example in reasons
	requirement := decided(example.patches).requirement
	requirement.step_up_reasons == example.are
	asked_for := count(example.are) > 0
	requirement.step_up == asked_for
}

refused := {
	"approval.org": set_to("/plan/org", "T2"),
	"approval.no_requester": set_to("/caller/user", ""),
	"approval.environment": set_to("/plan/environment", "prod"),
	"approval.risk_level": set_to("/task/risk_level", "none"),
	"approval.mode": set_to("/council/mode", "auto"),
	"approval.expiry": set_to("/approval_expiry_seconds", 604801),
	"input.incomplete": [{"op": "remove", "path": "/council/consensus"}],
}

test_each_rule_refuses_and_offers_nothing[rule] if {
	some rule, patches in refused
	decision := decided(patches)
	decision.allow == false
	decision.requirement == null
	{entry.rule | some entry in decision.deny} == {rule}
}

with_roles(roles) := {
	"default": data.gavel.limits["default"],
	"orgs": {"T1": {"roles": {"approve_production": roles}}},
}

test_an_empty_approver_set_refuses if {
	decision := approval.decision with input as valid with data.gavel.limits as with_roles([])
	{entry.rule | some entry in decision.deny} == {"approval.no_roles"}
}

test_a_role_that_may_not_approve_refuses if {
	decision := approval.decision with input as valid with data.gavel.limits as with_roles(["viewer"])
	{entry.rule | some entry in decision.deny} == {"approval.unknown_role"}
}

test_nothing_is_allowed_without_limits if {
	decision := approval.decision with input as valid with data.gavel.limits as {}
	decision.allow == false
}

test_nothing_is_allowed_of_an_empty_input if approval.decision.allow == false with input as {}
