from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import pytest

from policies.build import open_engine
from policies.bundle import load_bundle
from policies.engine import PolicyEngine
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.opa_server import OpaServer


@pytest.fixture(scope="session")
async def opa_server() -> AsyncGenerator[OpaServer]:
    server = OpaServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def own_opa_server() -> AsyncGenerator[OpaServer]:
    """A server that the test may stop or alter."""
    server = OpaServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def opa(opa_server: OpaServer) -> AsyncGenerator[PolicyEngine]:
    engine = await open_engine(opa_server.url, timeout_seconds=5)
    yield engine
    await engine.aclose()


@pytest.fixture(scope="session")
def regorus() -> RegorusEngine:
    return RegorusEngine(load_bundle())


@pytest.fixture(scope="session")
def regorus_rules() -> set[str]:
    """The name of every rule that the shipped modules can refuse by."""
    text = "\n".join(module.text for module in load_bundle().modules)
    return set(re.findall(r'refusal\(\s*"([a-z]+\.[a-z_]+)"', text))
