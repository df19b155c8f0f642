"""Where no MCP server is configured the SDK is not imported: it takes a second that every start would pay."""

from __future__ import annotations

import asyncio
import sys

SCRIPT = """
import asyncio, sys
import bot.runtime, bot.doctor, bot.cli
from bot.mcp_servers import server_tools
from bot.doctor_mcp import mcp_findings
from bot.settings_mcp import McpSettings

async def main():
    async with server_tools(McpSettings.model_construct(), {}) as tools:
        assert tools == []
    assert await mcp_findings(McpSettings.model_construct(), {}) == []

asyncio.run(main())
print(sorted(name for name in sys.modules if name.split(".")[0] in {"mcp", "mcp_types", "httpx2"}))
"""


async def test_without_a_server_the_sdk_is_not_imported() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert said.decode().strip() == "[]"
