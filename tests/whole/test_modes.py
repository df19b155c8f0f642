"""Which mode a task is worked in, in the thread and on the card: as the request says, the channel, or the risk."""

from __future__ import annotations

import pytest

from bot.blocks.actions import REJECT
from bot.local.stage import Said
from tests.whole.rejecting import reject
from tests.whole.square import Square
from tools.contracts.common import JsonObject

ASKED = "web servers have drifted from the golden image, fix it"
WHY = "One model proposed this; production risk is high, so the council judges it."

pytestmark = pytest.mark.timeout(120)


async def decided(square: Square, said: Said) -> str:
    """Rejected, so that the town stays as it was; the card's text."""
    card = await square.hears(said, f"'{REJECT}'", viewer="grace")
    assert await reject(square.stage, "grace", said, card) == {}
    assert (await square.result(said)).outcome == "rejected"
    return str(card["blocks"])


async def mode(square: Square, user: str, words: str) -> None:
    answer = await square.act("command", user=user, channel="ops", text=f"mode {words}")
    assert answer["acked"], answer
    said = [message["text"] for message in (await square.look("channel", channel="ops", viewer=user))["messages"]]
    assert said[-1].startswith("*This channel is now worked in*"), said[-1]


async def calls(square: Square, said: Said) -> list[tuple[str, str, str]]:
    rows: list[JsonObject] = await square.recorded(said, "llm_called")
    return [(row["purpose"], row["member"], row["mode"]) for row in rows]


async def test_production_risk_calls_the_council_in_and_the_thread_and_the_card_say_so(square: Square) -> None:
    said = await square.say("ada", "ops", f"@gavel production {ASKED}")
    begun = await square.hears(said, "Working on it")
    assert "Amber is asked first. Chosen: auto, the default (LLM_MODE)." in str(begun["blocks"])
    await square.hears(said, WHY)
    card = await decided(square, said)
    assert f"*Mode*  Council. {WHY} Chosen: auto, the default (LLM_MODE). Answers and votes: cost unknown." in card
    asked = await calls(square, said)
    reports = sorted((member, by) for purpose, member, by in asked if purpose == "report")
    assert reports == [("Amber", "single"), ("Birch", "council"), ("Cedar", "council")]


async def test_a_prefix_counts_before_the_channel_and_the_channel_before_the_house(square: Square) -> None:
    await mode(square, "grace", "council")
    try:
        said = await square.say("ada", "ops", f"@gavel staging {ASKED}")
        begun = await square.hears(said, "Working on it")
        assert "Chosen: council, set for this channel with /gavel mode." in str(begun["blocks"])
        card = await decided(square, said)
        assert "*Mode*  Council. Chosen: council, set for this channel" in card
        said = await square.say("ada", "ops", f"@gavel single: production {ASKED}")
        card = await decided(square, said)
    finally:
        await mode(square, "grace", "default")
    assert "*Mode*  One model. Chosen: one model, asked for in the request." in card
    assert {by for _, _, by in await calls(square, said)} == {"single"}
