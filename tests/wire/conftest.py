from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.providers.catalog import discover, providers
from agents.orchestrator.providers.provider import Provider
from tests.wire.aimock import Aimock, serve_aimock
from tests.wire.tap import Tap, tapped
from tests.wire.wires import WIRES, Wire


@dataclass(frozen=True)
class Line:
    """One provider, at the other end of its wire."""

    wire: Wire
    provider: Provider
    server: Aimock
    tap: Tap
    client: LiteLLMClient

    async def answers(self, *fixtures: dict[str, Any]) -> None:
        await self.server.answers(*fixtures)


@pytest_asyncio.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aimock]:
    async with serve_aimock(tmp_path_factory.mktemp("aimock") / "log") as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def tap(server: Aimock) -> AsyncIterator[Tap]:
    async with tapped(server.base) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def client() -> AsyncIterator[LiteLLMClient]:
    running = LiteLLMClient()
    await running.warm()
    yield running
    await running.close()


@pytest.fixture
def plug(server: Aimock, tap: Tap, client: LiteLLMClient) -> Callable[[Wire], Line]:
    def plugged(wire: Wire) -> Line:
        tap.sent.clear()
        tap.shut = None
        client.stall_seconds = 20
        configured = {provider.identifier: provider for provider in providers(discover(wire.environ(tap.base)), client)}
        return Line(wire, configured[wire.identifier], server, tap, client)

    return plugged


@pytest.fixture(params=WIRES, ids=[wire.identifier for wire in WIRES])
def line(request: pytest.FixtureRequest, plug: Callable[[Wire], Line]) -> Line:
    """Each provider in turn."""
    wire = request.param
    assert isinstance(wire, Wire)
    return plug(wire)
