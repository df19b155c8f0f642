"""Tools called from a terminal, by the person there: the same dispatcher, estate, policies and ledger as in a task."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.clock import utc_now
from bot.commands import prepared
from bot.estates import open_estate
from bot.keys import Keys, load_keys
from bot.local.datadir import DataDirectory
from bot.local.estate import seed_estate
from bot.local.estate.cves import bundled_advisories
from bot.opening import open_advisories, open_ledger
from bot.org import org_of
from bot.policy_data import policy_bundle
from bot.redaction import redacted
from bot.settings import Settings
from policies.authorizer import PolicyAuthorizer
from policies.build import open_engine
from tools.base import ToolCall, ToolResult
from tools.contracts.common import Environment, JsonObject
from tools.contracts.identity import TERMINAL, Caller
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.registry import ToolRegistry


@dataclass(frozen=True)
class TerminalInputs:
    """Where an installation's tools find their data."""

    settings: Settings
    keys: Keys = field(repr=False)
    org: str


def terminal_inputs() -> TerminalInputs:
    """This installation's. Blocking; raises `SettingsError`."""
    settings = prepared()
    return TerminalInputs(settings=settings, keys=load_keys(settings), org=org_of(settings))


@dataclass(frozen=True)
class Terminal:
    """One person at a terminal. They hold no role but the viewer's, and no grant: what changes state is refused."""

    dispatcher: Dispatcher
    registry: ToolRegistry
    caller: Caller

    async def call(self, tool: str, params: JsonObject, *, environment: Environment | None) -> ToolResult:
        """One call, in a task of its own. `environment` None: estate-wide."""
        call_id = f"terminal-{secrets.token_hex(8)}"
        return await self.dispatcher.dispatch(
            ToolCall(
                id=call_id,
                tool=tool,
                params=params,
                caller=self.caller,
                task_id=call_id,
                allowed_tools=frozenset(self.registry.names()),
                environment=environment,
                grant=None,
                actor=self.caller.user,
            )
        )


@asynccontextmanager
async def open_terminal(inputs: TerminalInputs, registry: ToolRegistry) -> AsyncGenerator[Terminal]:
    """Raises what cannot be opened: without its ledger or its policies no tool is called.

    Draws the sample estate, as `gavel up` does, where no other is configured and none has been drawn yet.
    """
    settings, keys = inputs.settings, inputs.keys
    await asyncio.to_thread(DataDirectory(settings.data_dir).prepare)
    path, sample = settings.data_dir / "estate.db", not settings.estate.configured
    if sample:
        await seed_estate(path, seed=settings.estate.seed, org=inputs.org, now=utc_now())
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, keys)
        engine = await open_engine(settings.opa.url, bundle=policy_bundle(settings))
        exits.push_async_callback(engine.aclose)
        estate = open_estate(settings.estate, org=inputs.org, sample=path)
        exits.push_async_callback(estate.close)
        dispatcher = build_dispatcher(
            registry=registry,
            estate=estate,
            advisories=await open_advisories(exits, settings, samples=bundled_advisories() if sample else []),
            authorizer=PolicyAuthorizer(engine, now=utc_now),
            recorder=ledger,
            grant_key=keys.derive("grant"),
            now=utc_now,
            redact=redacted,
        )
        yield Terminal(dispatcher, registry, Caller(org=inputs.org, user=terminal_user(), roles=["viewer"]))


def terminal_user() -> str:
    """`terminal:` and the login name that the system gives this process: the environment could say anyone."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid-{uid}"
    return f"{TERMINAL}{name}"
