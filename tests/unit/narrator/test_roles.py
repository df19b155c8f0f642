from __future__ import annotations

import asyncio

from bot.roles import GroupRoles
from tests.unit.narrator.workspace import ADA, GRACE, Slack


async def readings(slack: Slack) -> int:
    stats = await slack.look("stats")
    return int(stats["methods"].get("usergroups.list", {"calls": 0})["calls"])


async def test_people_asked_about_at_once_share_a_reading_that_began_after_they_were_asked_about(slack: Slack) -> None:
    roles = GroupRoles(slack.client)
    before = await readings(slack)
    await slack.faults(slow_seconds=0.3)
    first = asyncio.create_task(roles.roles_of(ADA))
    await asyncio.sleep(0.1)  # its reading is under way, and may have been made before a role was taken away
    later = await asyncio.gather(*(roles.roles_of(GRACE) for _ in range(5)))
    assert await readings(slack) - before == 2
    assert "approver" not in await first
    assert all("approver" in held for held in later)


async def test_whoever_gives_up_waiting_leaves_the_reading_to_the_others(slack: Slack) -> None:
    roles = GroupRoles(slack.client)
    await slack.faults(slow_seconds=0.2)
    given_up = asyncio.create_task(roles.roles_of(GRACE))
    waiting = asyncio.create_task(roles.roles_of(GRACE))
    await asyncio.sleep(0.05)
    given_up.cancel()
    assert "approver" in await waiting


async def test_what_only_shows_things_does_with_a_reading_that_is_some_seconds_old(slack: Slack) -> None:
    roles, before = GroupRoles(slack.client, seconds_old=30), await readings(slack)
    for _ in range(5):
        assert "approver" in await roles.roles_of(GRACE)
        assert "approver" not in await roles.roles_of(ADA)
        assert (await roles.address_of("approver")).group
    assert await readings(slack) - before == 1
    await GroupRoles(slack.client).roles_of(GRACE)
    assert await readings(slack) - before == 2
