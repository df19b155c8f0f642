# Who must say yes to this plan, how many of them, until when, and how. Nothing here can waive approval.
package ql.ai.approval

decision := {
	"allow": allow,
	"deny": deny,
	"version": data.ql.ai.lib.version,
	"requirement": offered,
	"excluded": excluded,
}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := data.ql.ai.lib.no_limits(input.caller.org) if not data.ql.ai.lib.limits_usable(input.caller.org)

else := findings

default offered := null

offered := requirement if allow

# The person who asked never approves, whatever roles they hold.
default excluded := []

excluded := [input.caller.user] if is_string(input.caller.user)

fields := [
	{"at": ["caller", "org"], "is": ["string"]},
	{"at": ["caller", "user"], "is": ["string"]},
	{"at": ["task", "risk_level"], "is": ["string"]},
	{"at": ["plan", "org"], "is": ["string"]},
	{"at": ["plan", "environment"], "is": ["string"]},
	{"at": ["plan", "asset_ids"], "is": ["array"]},
	{"at": ["council", "mode"], "is": ["string"]},
	{"at": ["council", "consensus"], "is": ["boolean"]},
	{"at": ["council", "dissent"], "is": ["number"]},
	{"at": ["council", "opposed"], "is": ["number"]},
	{"at": ["council", "unheard"], "is": ["number"]},
	{"at": ["council", "agreement"], "is": ["number", "null"]},
	{"at": ["council", "degraded"], "is": ["string", "null"]},
	{"at": ["approval_expiry_seconds"], "is": ["number", "null"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

limits := data.ql.ai.lib.limits(input.caller.org)

production if input.plan.environment == "production"

blast_radius := count({id | some id in input.plan.asset_ids})

alerted if startswith(input.caller.user, "alert:")

requirement := {
	"roles": roles,
	"quorum": quorum,
	"expires_in_seconds": expires_in_seconds,
	"step_up": count(step_up_reasons) > 0,
	"step_up_reasons": step_up_reasons,
}

# --- who ---

roles := sort(limits.roles.approve_production) if production

else := sort(limits.roles.approve_nonproduction)

# --- how many ---

# No configuration lowers the raised quorum under two: one person alone never approves a critical change.
raised_quorum := max([2, limits.quorum_raised, limits.quorum])

quorum := raised_quorum if raised

else := max([1, limits.quorum])

raised if input.task.risk_level == "critical"

raised if {
	production
	blast_radius >= limits.blast_radius_two_approvers
}

raised if no_consensus

# Dissent buys scrutiny: somebody on the council spoke against what the plan rests on, and it carried nevertheless.
raised if input.council.opposed > 0

# Whoever answered and did not vote (stopped, failed or too late) may have spoken against it. A member that gave no answer
# is not counted here: it had no part in what was put to the vote, and the quorum of providers sees to it.
raised if input.council.unheard > 0

no_consensus if {
	input.council.mode == "council"
	input.council.consensus == false
}

# --- until when ---

expires_in_seconds := input.approval_expiry_seconds if is_number(input.approval_expiry_seconds)

else := limits.approval_expiry_alert_seconds if alerted

else := limits.approval_expiry_seconds

# --- how ---

# Step-up is asked for exactly when there is a reason, so that whoever approves is always told which.
step_up_reasons := sort([reason | some reason in concerns])

concerns contains "The request is of critical risk." if input.task.risk_level == "critical"

concerns contains "The council did not come to an agreement." if no_consensus

concerns contains "Fewer models than were asked for stand behind this plan in production." if {
	production
	is_string(input.council.degraded)
}

# Silence that was not chosen counts as dissent, as it does for the quorum: of each member not heard, as one vote.
concerns contains reason if {
	input.council.dissent + input.council.unheard >= limits.dissent_step_up
	reason := concat("", [dissented, missed])
}

dissented := sprintf("%v votes of the models were against a claim or a phase", [input.council.dissent])

missed := sprintf("; votes not heard: %v.", [input.council.unheard]) if input.council.unheard > 0

else := "."

concerns contains reason if {
	is_number(input.council.agreement)
	input.council.agreement * 100 < limits.agreement_step_up_percent
	reason := sprintf("The models agree to less than %v percent.", [limits.agreement_step_up_percent])
}

# --- refusals ---

findings contains data.ql.ai.lib.refusal("approval.org", "the plan is of another org than the person who asked", false) if {
	input.plan.org != input.caller.org
}

findings contains data.ql.ai.lib.refusal("approval.no_requester", "it is not known who asked: nobody could be excluded", false) if {
	input.caller.user == ""
}

findings contains data.ql.ai.lib.refusal("approval.environment", reason, false) if {
	not input.plan.environment in {"development", "staging", "production"}
	reason := sprintf("environment %s has no approval rule", [input.plan.environment])
}

findings contains data.ql.ai.lib.refusal("approval.risk_level", reason, false) if {
	not input.task.risk_level in {"low", "medium", "high", "critical"}
	reason := sprintf("risk level %s has no approval rule", [input.task.risk_level])
}

findings contains data.ql.ai.lib.refusal("approval.mode", reason, false) if {
	not input.council.mode in {"single", "aggregation", "council"}
	reason := sprintf("mode %s has no approval rule", [input.council.mode])
}

findings contains data.ql.ai.lib.refusal("approval.no_roles", reason, false) if {
	count(roles) == 0
	reason := sprintf("nobody may approve in %s: set the roles in data.gavel.limits", [input.plan.environment])
}

findings contains data.ql.ai.lib.refusal("approval.unknown_role", reason, false) if {
	some role in roles
	not role in {"operator", "approver", "admin"}
	reason := "a role that may approve is none of operator, approver, admin: correct data.gavel.limits"
}

findings contains data.ql.ai.lib.refusal("approval.expiry", reason, false) if {
	not expiry_allowed
	reason := sprintf(
		"an approval would expire after %v s: a whole number from 1 to %v is allowed",
		[expires_in_seconds, limits.approval_expiry_max_seconds],
	)
}

expiry_allowed if {
	expires_in_seconds >= 1
	expires_in_seconds <= limits.approval_expiry_max_seconds
	expires_in_seconds == floor(expires_in_seconds)
}
