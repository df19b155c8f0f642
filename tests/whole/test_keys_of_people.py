"""A person's own key through a whole task: set in the form, paid with, and to be found nowhere."""

from __future__ import annotations

import asyncio

from bot.blocks.keys import KEY_BLOCK, KEY_INPUT, MINE, OWNER_BLOCK, OWNER_INPUT, PROVIDER_BLOCK, PROVIDER_INPUT
from tests.whole.square import ACKNOWLEDGED, Square
from tests.whole.test_secrets import holding, payloads
from tests.whole.town import until

KEY = "zq7f3e9a1c5b2d8e4f6a0bWhole"
"""Of no known shape, so that no pattern of the redaction hides a mistake."""

FRAGMENT = KEY[4:-4]


async def test_a_key_is_in_no_log_ledger_history_or_message(square: Square) -> None:
    answer = await square.act("command", user="linus", channel="ops", text="keys set compatible")
    assert answer["acked"], answer
    view = (await square.look("state", viewer="linus"))["view"]
    values = {
        PROVIDER_BLOCK: {PROVIDER_INPUT: "compatible"},
        OWNER_BLOCK: {OWNER_INPUT: MINE},
        KEY_BLOCK: {KEY_INPUT: KEY},
    }
    submitted = await square.act("submit_view", user="linus", view_id=view["id"], values=values)
    assert submitted["ok"], submitted

    async def saved() -> bool:
        return any("Saved: the key for" in said["text"] for said in square.written())

    await until(saved, seconds=60, what="The key is saved")
    asked = await square.say("linus", "ops", "@gavel production web servers have drifted, fix it")
    await square.hears(asked, ACKNOWLEDGED, viewer="linus")
    await square.hears(asked, "Approve", viewer="linus")

    assert [message for message in square.written() if FRAGMENT in str(message)] == []
    seen = 0
    async for data in payloads(square, square.task(asked)):
        seen += 1
        assert FRAGMENT.encode() not in data
    assert seen > 10, "the history was not read"
    ledger = await square.town.ledger.show(square.town.stack.org, limit=1000)
    assert any(entry.kind == "provider_key_set" for entry in ledger)
    assert [entry for entry in ledger if FRAGMENT in entry.body] == []
    # Databases, logs of the bot, the worker, the models, Temporal and Redis.
    data_dir = square.town.stack.settings.data_dir
    assert await asyncio.to_thread(lambda: list(holding(data_dir, [FRAGMENT]))) == []
    assert FRAGMENT not in await asyncio.to_thread(square.served.log.read_text)
