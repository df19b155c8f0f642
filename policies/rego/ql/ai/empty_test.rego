# An input that says nothing allows nothing: no package may be undefined, and none may default to yes.
package ql.ai.empty_test

decisions := {
	"plan": data.ql.ai.safety.decision,
	"tools": data.ql.ai.tools.decision,
	"approval": data.ql.ai.approval.decision,
	"execution": data.ql.ai.execution.decision,
	"autonomy": data.ql.ai.autonomy.decision,
	"images": data.ql.ai.images.decision,
}

test_every_package_decides_on_an_empty_input if {
	answers := decisions with input as {}
	count(answers) == 6
}

test_nothing_is_allowed_and_a_reason_is_given if {
	answers := decisions with input as {}
	every answer in answers {
		answer.allow == false
		count(answer.deny) > 0
	}
}

test_nothing_is_allowed_without_the_limits if {
	answers := decisions with input as {} with data.gavel.limits as {}
	every answer in answers { answer.allow == false }
}

test_no_approval_requirement_comes_with_a_refusal if {
	answer := data.ql.ai.approval.decision with input as {}
	answer.requirement == null
}
