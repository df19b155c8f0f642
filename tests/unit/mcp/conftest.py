"""One server, reached both ways."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.unit.mcp.good_server import good_server
from tests.unit.mcp.lab import over_http, program
from tools.mcp.declared import Address, Program


@pytest.fixture(params=["stdio", "http"])
async def reached(request: pytest.FixtureRequest) -> AsyncGenerator[Program | Address]:
    if request.param == "stdio":
        yield program("good_server.py", SECRET_OF_ITS_OWN="1")
        return
    async with over_http(good_server()) as address:
        yield address


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")
