"""Whatever the text and however large the model, every card fits, is taken by the workspace, and pings nobody."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.message import REHEARSAL
from tests.unit.blocks import samples
from tests.unit.blocks.cards import every_card
from tests.unit.blocks.rules import assert_fits, assert_harmless, objects, texts
from tests.unit.narrator.workspace import Slack

PEOPLE = ("U0ADA00001", "U0GRACE001", "U0LINUS001")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_fits_and_is_harmless_whatever_the_text(text: str) -> None:
    for name, message in every_card(text):
        assert_fits(message)
        assert_harmless(message.text, mentions=PEOPLE)
        for kind, shown in texts(message.blocks):
            if kind == "mrkdwn":
                assert_harmless(shown, mentions=PEOPLE)
            assert "\n> " not in shown, name


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=400))
def test_fits_and_is_harmless_for_generated_text(text: str) -> None:
    if text in PEOPLE:
        return
    for _, message in every_card(text):
        assert_fits(message)
        assert_harmless(message.text, mentions=PEOPLE)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_the_workspace_takes_every_card(text: str, slack: Slack) -> None:
    thread = await slack.thread()
    writer = slack.writer()
    names: list[str] = []
    for name, message in every_card(text):
        await writer.post_once(thread, message, key=name, task_id="t", check_first=False)
        names.append(name)
    assert len(await slack.replies(thread)) == len(names)


def test_bare_addresses_are_not_turned_into_links() -> None:
    for _, message in every_card("see https://evil.example now"):
        assert all(found["verbatim"] is True for found in objects(message.blocks) if found.get("type") == "mrkdwn")


def test_model_output_of_simulated_models_says_so() -> None:
    speaks_for_models = {"plan", "acknowledgement", "question", "repair", "diagnosis", "outcome", "approved", "expired"}
    for name, message in every_card("x"):
        if name in speaks_for_models:
            assert REHEARSAL in message.text, name
            assert REHEARSAL in json.dumps(message.blocks), name
