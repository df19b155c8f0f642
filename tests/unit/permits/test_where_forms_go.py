"""A request counts against the channel that its thread opens in: the gate reads a form as who starts it does."""

from __future__ import annotations

import pytest

from bot.blocks.actions import REJECT_FORM
from bot.blocks.ask import ABOUT_FORM, ASK_FORM, MODE_BLOCK, REQUEST_BLOCK, WHERE_BLOCK, WHERE_INPUT
from bot.listeners.ask_where import About, channel_in
from bot.permits.wishes import request_in
from tests.unit.permits.bodies import BOT, sent
from tools.contracts.common import JsonObject

ABOUT = About("C0OPS00001", "1.1", "disk full").encode()
PICKED: JsonObject = {"values": {WHERE_BLOCK: {WHERE_INPUT: {"selected_conversation": "C0GENERAL1"}}}}


@pytest.mark.parametrize(
    ("form", "metadata", "state", "channel"),
    [
        (ASK_FORM, "C0OPS00001", {}, "C0OPS00001"),
        (ASK_FORM, "C0OPS00001", PICKED, "C0OPS00001"),
        (ASK_FORM, "", PICKED, "C0GENERAL1"),
        (ASK_FORM, "", {"values": {WHERE_BLOCK: [], REQUEST_BLOCK: 1, MODE_BLOCK: None}}, ""),
        (ASK_FORM, ABOUT, {}, ABOUT),  # it is no JSON there, whatever it looks like
        (ABOUT_FORM, ABOUT, PICKED, "C0OPS00001"),
        (ABOUT_FORM, '{"c":"C0OTHER001"}', {}, ""),  # of which nothing is started
        (ABOUT_FORM, '{"c":"C0OTHER001","t":"1.1","q":7}', {}, ""),
        (ABOUT_FORM, "C0OTHER001", PICKED, ""),
        (ABOUT_FORM, "[" * 2_000, PICKED, ""),
        (REJECT_FORM, "C0OTHER001", PICKED, ""),
    ],
)
def test_the_gate_counts_it_where_it_is_started(form: str, metadata: str, state: JsonObject, channel: str) -> None:
    body = sent(form, metadata=metadata, state=state)
    request = request_in(body, bot_user=BOT)
    assert request is not None
    assert (channel_in(body["view"]), request.channel) == (channel, channel)
