"""What the assistant's pane says is being done, from the request to its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.blocks.actions import APPROVE
from bot.blocks.home import CANCEL_PREFIX
from bot.blocks.pane import ASKING, AWAITING, OF_STEPS, READING
from bot.local.stage import Said
from tests.whole.square import Square
from tests.whole.town import until
from tools.contracts.common import JsonObject


async def cancel(square: Square, user: str, *, under: Said) -> None:
    """From the home tab, where whoever asked finds it."""
    await square.act("home", user=user)
    button: JsonObject = {}

    async def shown() -> bool:
        nonlocal view, button
        view = (await square.look("state", viewer=user))["home"] or {"blocks": []}
        buttons = [each for block in view["blocks"] for each in block.get("elements", [])]
        for each in buttons:
            if each["action_id"].startswith(CANCEL_PREFIX) and under.ts in each["value"]:
                button = each
        return bool(button)

    view: JsonObject = {}
    await until(shown, seconds=20, what="The task on the home tab")
    clicked = await square.act("click", user=user, view_id=view["id"], action_id=button["action_id"])
    assert clicked["ok"], clicked


async def test_the_pane_says_what_is_done_until_it_is_done(square: Square) -> None:
    opened = await square.act("assistant", user="linus")
    channel = next(each["id"] for each in (await square.look("state"))["channels"] if each["name"] == "linus")
    thread = Said(str(channel), str(opened["thread_ts"]))
    seen = list[str]()

    async def status() -> str:
        pane = (await square.look("thread", channel=thread.channel, ts=thread.ts, viewer="linus"))["pane"]
        return str(pane.get("status", ""))

    async def watch() -> None:
        while True:
            now = await status()
            if not seen or seen[-1] != now:
                seen.append(now)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    try:
        await square.say("linus", channel, "council: fix drift in production web servers", thread=thread)
        card = await square.hears(thread, f"'{APPROVE}'", viewer="linus", seconds=120)
        assert card["channel"] == channel

        async def waits() -> bool:
            return await status() == AWAITING

        await until(waits, seconds=10, what="The status of a plan that waits")
        await cancel(square, "linus", under=thread)

        async def over() -> bool:
            return not await status()

        await until(over, seconds=30, what="A status that is gone")
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    said = [each for each in dict.fromkeys(seen) if each]
    assert said[0] == READING
    assert said[-1] == AWAITING
    assert {OF_STEPS["investigate"], ASKING} & set(said), said
