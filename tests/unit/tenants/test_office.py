"""The clients of tenants, opened and closed as a process does."""

from __future__ import annotations

import asyncio

import pytest

from bot.keys import load_keys
from bot.settings import Settings
from bot.tenants.office import open_tenants
from tests.unit.local_slack.harness import Slack
from tests.unit.tenants.distributed import SECOND, granted, installation_of


async def test_a_token_that_is_refreshed_while_the_process_stops_is_kept(slack: Slack, settings: Settings) -> None:
    keys = load_keys(settings)
    async with open_tenants(settings, keys) as tenants:
        await tenants.store.async_save(installation_of(await granted(slack, SECOND)))
        ended = await tenants.tokens.token(SECOND)
        await slack.act("expire_tokens", team=SECOND)
        await slack.act("faults", slow_seconds=0.5, methods=["oauth.v2.access"])
        caller = asyncio.create_task(tenants.tokens.token(SECOND, refused=ended))
        await asyncio.sleep(0.2)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    async with open_tenants(settings, keys) as tenants:
        anew = await tenants.tokens.token(SECOND)
    assert anew != ended
    assert await slack.error("auth.test", token=anew) == "ok"
