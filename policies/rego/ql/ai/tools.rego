# May this one tool call be made? No model's words reach this decision: the caller, the tool and the grant do.
package ql.ai.tools

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := data.ql.ai.lib.no_limits(input.caller.org) if not data.ql.ai.lib.limits_usable(input.caller.org)

else := findings

fields := [
	{"at": ["now"], "is": ["string"]},
	{"at": ["task_id"], "is": ["string"]},
	{"at": ["caller", "org"], "is": ["string"]},
	{"at": ["caller", "user"], "is": ["string"]},
	{"at": ["caller", "roles"], "is": ["array"]},
	{"at": ["tool", "name"], "is": ["string"]},
	{"at": ["tool", "risk"], "is": ["string"]},
	{"at": ["tool", "scope"], "is": ["string"]},
	{"at": ["tool", "server"], "is": ["string", "null"]},
	{"at": ["call", "tool"], "is": ["string"]},
	{"at": ["call", "environment"], "is": ["string", "null"]},
	{"at": ["call", "allowed_tools"], "is": ["array"]},
	{"at": ["call", "asset_ids"], "is": ["array"]},
	{"at": ["grant"], "is": ["object", "null"]},
]

grant_fields := [
	{"at": ["org"], "is": ["string"]},
	{"at": ["task_id"], "is": ["string"]},
	{"at": ["plan_digest"], "is": ["string"]},
	{"at": ["policy_digest"], "is": ["string"]},
	{"at": ["environment"], "is": ["string"]},
	{"at": ["phase"], "is": ["string"]},
	{"at": ["tools"], "is": ["array"]},
	{"at": ["asset_ids"], "is": ["array"]},
	{"at": ["expires_at"], "is": ["string"]},
	{"at": ["approvers"], "is": ["array"]},
	{"at": ["waiver"], "is": ["string"]},
	{"at": ["mac"], "is": ["string"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("grant.%s", [path]) if {
	is_object(input.grant)
	some path in data.ql.ai.lib.unusable(input.grant, grant_fields)
}

# --- words ---

limits := data.ql.ai.lib.limits(input.caller.org)

holds(names) if {
	some role in names
	role in input.caller.roles
}

changes_state if input.tool.risk in {"state_change_nonprod", "state_change_prod"}

granted if is_object(input.grant)

# --- every call ---

findings contains data.ql.ai.lib.refusal("tools.no_org", "the call has no org: it comes from the caller", false) if {
	input.caller.org == ""
}

findings contains data.ql.ai.lib.refusal("tools.no_requester", reason, false) if {
	input.caller.user == ""
	reason := "it is not known on whose behalf the call is made"
}

findings contains data.ql.ai.lib.refusal("tools.name_differs", reason, false) if {
	input.call.tool != input.tool.name
	reason := sprintf("the call names %s and the tool judged is %s", [input.call.tool, input.tool.name])
}

findings contains data.ql.ai.lib.refusal("tools.not_allowed", reason, true) if {
	not input.tool.name in input.call.allowed_tools
	reason := sprintf("tool %s is not among the caller's tools: %s", [
		input.tool.name,
		concat(", ", sort(input.call.allowed_tools)),
	])
}

findings contains data.ql.ai.lib.refusal("tools.unknown_risk", reason, false) if {
	not input.tool.risk in {"read_only", "plan_only", "state_change_nonprod", "state_change_prod"}
	reason := sprintf("tool %s has the unknown risk %s", [input.tool.name, input.tool.risk])
}

findings contains data.ql.ai.lib.refusal("tools.unknown_scope", reason, false) if {
	not input.tool.scope in {"asset", "environment", "org"}
	reason := sprintf("tool %s has the unknown scope %s", [input.tool.name, input.tool.scope])
}

findings contains data.ql.ai.lib.refusal("tools.org_scope", reason, false) if {
	input.tool.scope == "org"
	not holds(limits.roles.org_scope)
	reason := sprintf("tool %s reaches the whole org: it needs one of the roles %s", [
		input.tool.name,
		concat(", ", sort(limits.roles.org_scope)),
	])
}

# --- tools of MCP servers ---

findings contains data.ql.ai.lib.refusal("tools.server_name", reason, false) if {
	startswith(input.tool.name, "mcp__")
	input.tool.server == null
	reason := sprintf("tool %s is called like an MCP server's and is not one", [input.tool.name])
}

findings contains data.ql.ai.lib.refusal("tools.server_name", reason, false) if {
	is_string(input.tool.server)
	not startswith(input.tool.name, sprintf("mcp__%s__", [input.tool.server]))
	reason := sprintf("tool %s is of the MCP server %s and is not called so", [input.tool.name, input.tool.server])
}

findings contains data.ql.ai.lib.refusal("tools.server_change", reason, false) if {
	is_string(input.tool.server)
	not input.tool.risk in {"read_only", "plan_only"}
	reason := sprintf("tool %s is of the MCP server %s and not declared harmless: it is never called", [
		input.tool.name,
		input.tool.server,
	])
}

# --- calls that change state ---

findings contains data.ql.ai.lib.refusal("tools.no_grant", reason, false) if {
	changes_state
	not granted
	reason := sprintf("tool %s changes state and there is no grant: only an approved plan gives one", [input.tool.name])
}

findings contains data.ql.ai.lib.refusal("tools.role", reason, false) if {
	changes_state
	not data.ql.ai.lib.may_start_changes(input.caller, limits)
	reason := sprintf("tool %s changes state: the caller needs one of the roles %s", [
		input.tool.name,
		concat(", ", sort(limits.roles.change_state)),
	])
}

findings contains data.ql.ai.lib.refusal("tools.no_assets", reason, false) if {
	changes_state
	input.tool.scope == "asset"
	count(input.call.asset_ids) == 0
	reason := sprintf("tool %s changes assets and the call names none", [input.tool.name])
}

findings contains data.ql.ai.lib.refusal("tools.prod_tool", reason, false) if {
	input.tool.risk == "state_change_prod"
	input.call.environment != "production"
	reason := sprintf("tool %s changes production and the call is not for production", [input.tool.name])
}

findings contains data.ql.ai.lib.refusal("tools.nonprod_tool", reason, false) if {
	input.tool.risk == "state_change_nonprod"
	not input.call.environment in {"development", "staging"}
	reason := sprintf("tool %s is for development and staging, and the call is for neither", [input.tool.name])
}

# --- the grant ---

findings contains data.ql.ai.lib.refusal("tools.grant_unsigned", "the grant is not signed: it grants nothing", false) if {
	changes_state
	granted
	input.grant.mac == ""
}

findings contains data.ql.ai.lib.refusal("tools.grant_org", "the grant is of another org than the caller", false) if {
	changes_state
	granted
	input.grant.org != input.caller.org
}

findings contains data.ql.ai.lib.refusal("tools.grant_task", "the grant is of another task", false) if {
	changes_state
	granted
	input.grant.task_id != input.task_id
}

findings contains data.ql.ai.lib.refusal("tools.grant_not_approved", reason, false) if {
	changes_state
	granted
	count(input.grant.approvers) == 0
	not waived
	reason := "the grant names no approver: it must come from an approved plan"
}

# By the org's autonomy settings, which the recheck before each phase judges again. Never in production.
waived if {
	input.grant.waiver in {"canary_only", "risk_based", "full_auto"}
	input.tool.risk == "state_change_nonprod"
	input.grant.environment in {"development", "staging"}
}

findings contains data.ql.ai.lib.refusal("tools.grant_digest", reason, false) if {
	changes_state
	granted
	some name in ["plan_digest", "policy_digest"]
	not data.ql.ai.lib.digest(input.grant[name])
	reason := sprintf("the grant's %s is not sha256: and 64 hex digits: it must name what was approved", [name])
}

findings contains data.ql.ai.lib.refusal("tools.grant_environment", reason, false) if {
	changes_state
	granted
	input.grant.environment != input.call.environment
	reason := sprintf("the grant is for %s and the call is not", [input.grant.environment])
}

findings contains data.ql.ai.lib.refusal("tools.grant_tool", reason, false) if {
	changes_state
	granted
	not input.tool.name in input.grant.tools
	reason := sprintf("tool %s is not among the granted tools: %s", [
		input.tool.name,
		concat(", ", sort(input.grant.tools)),
	])
}

findings contains data.ql.ai.lib.refusal("tools.grant_assets", reason, false) if {
	changes_state
	granted
	foreign := {id | some id in input.call.asset_ids} - {id | some id in input.grant.asset_ids}
	count(foreign) > 0
	reason := sprintf("%d of the call's assets are not in the grant", [count(foreign)])
}

findings contains data.ql.ai.lib.refusal("tools.grant_expired", reason, false) if {
	changes_state
	granted
	time.parse_rfc3339_ns(input.now) >= time.parse_rfc3339_ns(input.grant.expires_at)
	reason := sprintf("the grant expired at %s and it is %s", [input.grant.expires_at, input.now])
}
