"""Decisions on tool calls."""

from __future__ import annotations

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import both, put
from tests.unit.policies.plans import NOW, ORG

GRANT_LESS = put("grant", None)

READ = put("tool", {"name": "query_assets", "risk": "read_only", "scope": "environment", "server": None})

READ_CALL = put(
    "call", {"tool": "query_assets", "environment": None, "allowed_tools": ["query_assets"], "asset_ids": []}
)

READING = both(GRANT_LESS, READ, READ_CALL)
SERVERS = both(
    READING,
    put("tool", {"name": "mcp__logs__find", "risk": "read_only", "scope": "org", "server": "logs"}),
    put("call.tool", "mcp__logs__find"),
    put("call.allowed_tools", ["mcp__logs__find"]),
)

WAIVED = both(
    put("grant.approvers", []),
    put("grant.waiver", "full_auto"),
    put("grant.environment", "staging"),
    put("call.environment", "staging"),
    put("tool.risk", "state_change_nonprod"),
)

TOOLS = (
    row("tools", "a granted change", same),
    row("tools", "reading without a grant", READING),
    row("tools", "reading by a viewer", both(READING, put("caller.roles", ["viewer"]))),
    row("tools", "reading by nobody in particular", both(READING, put("caller.roles", []))),
    row("tools", "reading the whole org", both(READING, put("tool.scope", "org"))),
    row(
        "tools",
        "reading the whole org without a role",
        both(READING, put("tool.scope", "org"), put("caller.roles", [])),
        "tools.org_scope",
    ),
    row("tools", "planning without a grant", both(READING, put("tool.risk", "plan_only"))),
    row("tools", "reading by an MCP server's tool", SERVERS),
    row("tools", "planning by an MCP server's tool", both(SERVERS, put("tool.risk", "plan_only"))),
    row(
        "tools",
        "an MCP server's tool of no known risk",
        both(SERVERS, put("tool.risk", "safe")),
        "tools.server_change",
        "tools.unknown_risk",
    ),
    row(
        "tools",
        "a change by an MCP server's tool",
        both(
            put("tool", {"name": "mcp__logs__find", "risk": "state_change_prod", "scope": "asset", "server": "logs"}),
            put("call.tool", "mcp__logs__find"),
            put("call.allowed_tools", ["mcp__logs__find"]),
            put("grant.tools", ["mcp__logs__find"]),
        ),
        "tools.server_change",
    ),
    row("tools", "a tool called like an MCP server's", both(SERVERS, put("tool.server", None)), "tools.server_name"),
    row(
        "tools",
        "an MCP server's tool under another name",
        both(READING, put("tool.server", "logs")),
        "tools.server_name",
    ),
    row("tools", "a tool of another MCP server", both(SERVERS, put("tool.server", "metrics")), "tools.server_name"),
    row(
        "tools", "a tool of nobody knows which server", both(SERVERS, put("tool.server", ["logs"])), "input.incomplete"
    ),
    row("tools", "a change without a grant", GRANT_LESS, "tools.no_grant"),
    row("tools", "a change by a viewer", put("caller.roles", ["viewer"]), "tools.role"),
    row("tools", "on behalf of nobody", put("caller.user", ""), "tools.no_requester"),
    row("tools", "a granted change of an alert's task", put("caller", {"org": ORG, "user": "alert:abc", "roles": []})),
    row(
        "tools",
        "an alert's change without a grant",
        both(GRANT_LESS, put("caller.user", "alert:abc")),
        "tools.no_grant",
    ),
    row("tools", "a tool outside the caller's", put("call.allowed_tools", ["query_assets"]), "tools.not_allowed"),
    row("tools", "a call of another name than its tool", put("call.tool", "query_assets"), "tools.name_differs"),
    row("tools", "a risk nobody knows", put("tool.risk", "safe"), "tools.unknown_risk"),
    row("tools", "a scope nobody knows", put("tool.scope", "galaxy"), "tools.unknown_scope"),
    row("tools", "no org", put("caller.org", ""), "tools.no_org", "tools.grant_org"),
    row("tools", "a change of no asset", put("call.asset_ids", []), "tools.no_assets"),
    row(
        "tools",
        "a production tool outside production",
        both(put("call.environment", "staging"), put("grant.environment", "staging")),
        "tools.prod_tool",
    ),
    row(
        "tools",
        "a production tool without an environment",
        put("call.environment", None),
        "tools.prod_tool",
        "tools.grant_environment",
    ),
    row("tools", "a non-production tool in production", put("tool.risk", "state_change_nonprod"), "tools.nonprod_tool"),
    row(
        "tools",
        "a non-production tool in staging",
        both(
            put("tool.risk", "state_change_nonprod"),
            put("call.environment", "staging"),
            put("grant.environment", "staging"),
        ),
    ),
    row("tools", "an unsigned grant", put("grant.mac", ""), "tools.grant_unsigned"),
    row("tools", "another org's grant", put("grant.org", "T0OTHER"), "tools.grant_org"),
    row("tools", "another task's grant", put("grant.task_id", "other"), "tools.grant_task"),
    row("tools", "a grant nobody approved", put("grant.approvers", []), "tools.grant_not_approved"),
    row("tools", "a waived change of staging", WAIVED),
    row(
        "tools",
        "a waived change of production",
        both(put("grant.approvers", []), put("grant.waiver", "full_auto")),
        "tools.grant_not_approved",
    ),
    row(
        "tools",
        "a waiver by a mode that waives nothing",
        both(WAIVED, put("grant.waiver", "approve_all")),
        "tools.grant_not_approved",
    ),
    row("tools", "a grant without a plan", put("grant.plan_digest", ""), "tools.grant_digest"),
    row("tools", "a grant without policies", put("grant.policy_digest", "sha256:abc"), "tools.grant_digest"),
    row("tools", "a grant for staging", put("grant.environment", "staging"), "tools.grant_environment"),
    row("tools", "a grant for another tool", put("grant.tools", ["promote_image"]), "tools.grant_tool"),
    row("tools", "an asset outside the grant", put("call.asset_ids", ["web-0001", "web-0009"]), "tools.grant_assets"),
    row("tools", "an expired grant", put("grant.expires_at", NOW.isoformat()), "tools.grant_expired"),
    row("tools", "assets as text", put("call.asset_ids", "web-0001"), "input.incomplete"),
)
