# May this report be shown as the agent's answer? It changes nothing, so nobody approves it; but people act on it.
package ql.ai.reports

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := findings

fields := [
	{"at": ["org"], "is": ["string"]},
	{"at": ["task", "environment"], "is": ["string"]},
	{"at": ["task", "task_type"], "is": ["string"]},
	{"at": ["report", "kind"], "is": ["string"]},
	{"at": ["report", "org"], "is": ["string"]},
	{"at": ["report", "environment"], "is": ["string"]},
	{"at": ["report", "conclusion"], "is": ["string"]},
	{"at": ["report", "fields"], "is": ["array"]},
	{"at": ["report", "evidence"], "is": ["array"]},
	{"at": ["report", "findings"], "is": ["array"]},
	{"at": ["report", "hands_over_to"], "is": ["string", "null"]},
]

finding_fields := [{"at": ["receipts"], "is": ["number"]}]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("report.findings.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.report.findings, finding_fields)
}

task_types := {
	"drift_remediation",
	"patch_rollout",
	"compliance_audit",
	"incident_analysis",
	"dr_readiness",
	"cost_optimization",
	"security_review",
	"image_lifecycle",
}

# What showed the state of controls to somebody. A list of assets does not.
compliance_tools := {"get_compliance_status", "check_control", "generate_compliance_evidence"}

findings contains data.ql.ai.lib.refusal("report.org", "the report is of another org than the person who asked", false) if {
	input.report.org != input.org
}

findings contains data.ql.ai.lib.refusal("report.kind", reason, false) if {
	not input.report.kind in {"ComplianceReport", "IncidentAnalysis", "SecurityReport", "CostOptimizationPlan"}
	reason := sprintf("%s is no kind of report", [input.report.kind])
}

findings contains data.ql.ai.lib.refusal("report.environment", reason, true) if {
	input.report.environment != input.task.environment
	reason := sprintf(
		"the report is about %s and the task about %s: report on %s only",
		[input.report.environment, input.task.environment, input.task.environment],
	)
}

findings contains data.ql.ai.lib.refusal("report.conclusion", reason, true) if {
	not input.report.conclusion in {"findings", "healthy", "inconclusive"}
	reason := sprintf("conclusion %s is not known: findings, healthy or inconclusive", [input.report.conclusion])
}

findings contains data.ql.ai.lib.refusal("report.no_evidence", reason, true) if {
	input.report.conclusion != "inconclusive"
	count(input.report.evidence) == 0
	reason := sprintf(
		"the report concludes %s and rests on no tool result: without any it is inconclusive",
		[input.report.conclusion],
	)
}

findings contains data.ql.ai.lib.refusal("report.compliance_evidence", reason, true) if {
	input.report.kind == "ComplianceReport"
	input.report.conclusion != "inconclusive"
	count({tool | some tool in input.report.evidence} & compliance_tools) == 0
	reason := sprintf(
		"a compliance report rests on control results: call one of %s",
		[concat(", ", sort(compliance_tools))],
	)
}

findings contains data.ql.ai.lib.refusal("report.no_findings", reason, true) if {
	input.report.conclusion == "findings"
	count(input.report.findings) == 0
	reason := "the report concludes that there are findings and has none"
}

findings contains data.ql.ai.lib.refusal("report.finding_without_receipt", reason, true) if {
	some i, finding in input.report.findings
	finding.receipts < 1
	reason := sprintf("finding %d cites no tool result: at least 1 receipt is needed", [i + 1])
}

findings contains data.ql.ai.lib.refusal("report.has_actions", reason, false) if {
	some name in input.report.fields
	name in {"phases", "actions", "rollback"}
	reason := sprintf("a report has no %s: what changes something is a plan, and passes a plan's gates", [name])
}

findings contains data.ql.ai.lib.refusal("report.handover", reason, true) if {
	input.report.hands_over_to != null
	not input.report.hands_over_to in (task_types - {input.task.task_type})
	reason := sprintf("a report cannot hand over to %s: name another kind of task", [input.report.hands_over_to])
}
