"""`gavel doctor` about MCP servers: what each has, what of it is taken, and what to write to take more."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bot.finding import Finding
from bot.mcp_servers import declared
from bot.redaction import redacted
from bot.settings_mcp import McpSettings
from tools.mcp.opening import surveyed

if TYPE_CHECKING:
    from tools.mcp.surveying import LeftOut, Survey

COMPONENT = "mcp"

_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")


async def mcp_findings(
    settings: McpSettings, environ: Mapping[str, str] = os.environ, *, asker: str | None = None
) -> list[Finding]:
    """Each server is asked which tools it has. `asker`: the tenant that is told: of its own servers only."""
    told = {
        name: server
        for name, server in settings.servers.items()
        if asker is None or server.orgs is None or asker in server.orgs
    }
    asked = declared(settings.model_copy(update={"servers": told}), environ)
    found = [
        Finding(
            COMPONENT, "failed", name, f"{why}: none of its tools is taken", f"see mcp.servers.{name} in gavel.yaml"
        )
        for name, why in asked.unready.items()
    ]
    async with surveyed(asked.servers) as surveys:
        for survey in surveys:
            found += _of(survey)
    return found


def _of(survey: Survey) -> Iterator[Finding]:
    name = survey.server.name
    if survey.away:
        advice = f"see that it runs, and mcp.servers.{name}; then start Gavel anew: it takes tools at its start only"
        yield Finding(COMPONENT, "failed", name, redacted(survey.away), advice)
        return
    tools = ", ".join(tool.name for tool in survey.tools)
    yield Finding(COMPONENT, "ok", name, f"taken: {tools}" if tools else "answers; none of its tools is taken")
    for tool, digest in survey.digests.items():
        yield Finding(COMPONENT, "ok", f"{name}: {tool}", f"definition {digest}")
    for left in survey.left_out:
        yield _left(left)


def _left(left: LeftOut) -> Finding:
    tried = f"{left.server}: {redacted(left.tool)}"
    key = f"mcp.servers.{left.server}.tools"
    # A name of other characters could say more in the line than itself.
    if left.undeclared and left.digest and _NAME.fullmatch(left.tool) is not None:
        line = f'"{redacted(left.tool)}": {{risk: read_only, agents: [incident], definition: "{left.digest}"}}'
        return Finding(
            COMPONENT, "ok", tried, f"not taken: {redacted(left.why)}", f"if it only reads, under {key}: {line}"
        )
    advice = "" if left.undeclared else f"mend it at the server, or take it out of {key}"
    return Finding(COMPONENT, "ok" if left.undeclared else "failed", tried, f"not taken: {redacted(left.why)}", advice)
