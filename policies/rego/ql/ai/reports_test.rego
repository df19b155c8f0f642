package ql.ai.reports_test

import data.ql.ai.reports

valid := {
	"org": "T1",
	"task": {"environment": "production", "task_type": "compliance_audit"},
	"report": {
		"kind": "ComplianceReport",
		"org": "T1",
		"environment": "production",
		"conclusion": "findings",
		"fields": ["kind", "findings", "summary"],
		"evidence": ["query_assets", "check_control"],
		"findings": [{"receipts": 1}, {"receipts": 2}],
		"hands_over_to": "patch_rollout",
	},
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

rules(patches) := found if {
	decision := reports.decision with input as json.patch(valid, patches)
	found := {entry.rule | some entry in decision.deny}
}

test_a_report_with_evidence_is_allowed if {
	reports.decision == {"allow": true, "deny": set(), "version": "1"} with input as valid
}

test_inconclusive_needs_no_evidence if {
	patches := array.concat(set_to("/report/conclusion", "inconclusive"), set_to("/report/evidence", []))
	rules(patches) == set()
}

test_another_kind_needs_no_control_results if {
	rules(array.concat(set_to("/report/kind", "IncidentAnalysis"), set_to("/report/evidence", ["query_logs"]))) == set()
}

test_nothing_handed_over if rules(set_to("/report/hands_over_to", null)) == set()

refused := {
	"report.org": set_to("/report/org", "T2"),
	"report.kind": set_to("/report/kind", "DriftRemediationPlan"),
	"report.environment": set_to("/report/environment", "staging"),
	"report.conclusion": set_to("/report/conclusion", "compliant"),
	"report.no_evidence": array.concat(
		set_to("/report/kind", "CostOptimizationPlan"),
		set_to("/report/evidence", []),
	),
	"report.compliance_evidence": set_to("/report/evidence", ["query_assets"]),
	"report.no_findings": set_to("/report/findings", []),
	"report.finding_without_receipt": set_to("/report/findings/1/receipts", 0),
	"report.has_actions": set_to("/report/fields/0", "phases"),
	"report.handover": set_to("/report/hands_over_to", "compliance_audit"),
	"input.incomplete": set_to("/report/findings/0", {}),
}

test_each_rule_refuses_by_itself[rule] if {
	some rule, patches in refused
	rules(patches) == {rule}
}

test_no_input_is_refused if {
	decision := reports.decision with input as {}
	decision.allow == false
	{entry.rule | some entry in decision.deny} == {"input.incomplete"}
}
