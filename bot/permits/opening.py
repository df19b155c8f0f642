"""What the gate asks, opened for as long as a bot listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.permits.gate import Gate, RequestLimits, RolesOnce
from bot.permits.windows import Windows, windows_at
from bot.settings import Settings
from policies.build import open_engine
from policies.bundle import Bundle
from policies.commands import PACKAGE, Decides
from policies.engine import PolicyEngine, PolicyUnavailable
from tools.contracts.common import JsonObject


@dataclass
class LatePolicies:
    """The engine, opened when it is first there: a bot starts while OPA is away, and refuses meanwhile.

    Implements `policies.commands.Decides`.
    """

    opa_url: str | None
    bundle: Bundle
    _engine: PolicyEngine | None = field(default=None, init=False)
    _opening: asyncio.Task[PolicyEngine] | None = field(default=None, init=False, repr=False)

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        """See `policies.engine.PolicyEngine`."""
        return await (self._engine or await self.open()).decide(package, document)

    async def open(self) -> PolicyEngine:
        """Raises `PolicyUnavailable`."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="open the policies")
            self._opening.add_done_callback(_heard)
        # Who asks waits a second; giving a server all policies may take longer, and goes on for those who ask next.
        return await asyncio.shield(self._opening)

    async def _open(self) -> PolicyEngine:
        try:
            self._engine = await open_engine(self.opa_url, bundle=self.bundle)
        finally:
            self._opening = None
        return self._engine

    async def aclose(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        if self._engine is not None:
            await self._engine.aclose()


@dataclass(frozen=True)
class Permits:
    """The parts of a :class:`Gate` that outlive no bot."""

    policies: Decides
    windows: Windows
    limits: RequestLimits
    stricter: frozenset[str] = frozenset()
    """As :attr:`Gate.stricter`."""

    def gate(self, roles: RolesOnce) -> Gate:
        return Gate(self.policies, roles, self.limits, self.windows, self.stricter)


@asynccontextmanager
async def permitting(settings: Settings, *, redis_url: str) -> AsyncGenerator[Permits]:
    """OPA and Redis need not be there. Raises `SettingsError` for policies that cannot be loaded."""
    # Late: what a tenant's policies are checked with is of no use to `--help`.
    from bot.policy_data import policy_bundle

    async with AsyncExitStack() as exits:
        bundle = await asyncio.to_thread(policy_bundle, settings)
        policies = LatePolicies(settings.opa.url, bundle)
        exits.push_async_callback(policies.aclose)
        windows = await exits.enter_async_context(windows_at(redis_url))
        with suppress(PolicyUnavailable):
            await policies.open()
        stricter = frozenset(org for org, tenant in bundle.tenants.items() if PACKAGE in tenant.packages)
        yield Permits(policies, windows, limits_of(settings), stricter)


def _heard(opening: asyncio.Task[PolicyEngine]) -> None:
    """Whoever waited for it may have gone."""
    if not opening.cancelled():
        opening.exception()


def limits_of(settings: Settings) -> RequestLimits:
    return RequestLimits(
        person=settings.limits.person_requests or None,
        channel=settings.limits.channel_requests or None,
        window_seconds=settings.limits.requests_window_seconds,
    )
