"""An MCP server as they are written: the SDK's own, over standard input and output when it is run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Literal

from mcp.server.mcpserver import Context, Image, MCPServer
from pydantic import BaseModel, Field

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class Window(BaseModel):
    minutes: int = Field(ge=1, le=60)
    step: Literal["1m", "5m"] = "1m"


class Rate(BaseModel):
    service: str
    errors_per_second: float
    samples: list[int]


def good_server() -> MCPServer:
    server = MCPServer("metrics")

    @server.tool()
    def error_rate(service: str, window: Window) -> Rate:
        """Errors a second of one service, over the last minutes."""
        return Rate(service=service, errors_per_second=2.5, samples=[window.minutes, 7])

    @server.tool()
    def find(text: str) -> str:
        """Finds lines."""
        return f"first line about {text}\nsecond line: password=hunter2"

    @server.tool()
    def broken(reason: str) -> str:
        """Fails."""
        raise ValueError(f"no data: {reason}")

    @server.tool(structured_output=False)
    def picture() -> list[str | Image]:
        """A chart."""
        return ["the chart", Image(data=PIXEL, format="png")]

    @server.tool()
    async def slow(seconds: float) -> str:
        """Takes its time."""
        await asyncio.sleep(seconds)
        return "at last"

    @server.tool()
    def crash() -> str:
        """Ends the server."""
        os._exit(3)

    @server.tool(structured_output=False)
    def whoami(context: Context) -> str:
        """Says for whom it was called."""
        meta = context.request_context.meta or {}
        return str(dict(meta).get("gavel/on_behalf_of"))

    @server.tool()
    def process() -> int:
        """Its process."""
        return os.getpid()

    @server.tool()
    def environment() -> list[str]:
        """The variables that it was given."""
        return sorted(os.environ)

    @server.tool()
    def delete_everything() -> str:
        """Deletes everything."""
        Path(os.environ.get("DELETED", "/dev/null")).write_text("all", "utf-8")
        return "deleted"

    return server


if __name__ == "__main__":
    good_server().run("stdio")
