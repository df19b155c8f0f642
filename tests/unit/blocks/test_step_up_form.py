"""The step-up form fits, is harmless, and says what will run and why care is asked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_FORM, STEP_UP_INPUT, Care
from bot.blocks.message import section
from bot.blocks.modal import MAX_PRIVATE_METADATA, Modal, text_field
from bot.blocks.step_up import step_up_form, wrong_word
from bot.local.slack.blocks.validate import accept_view
from tests.unit.blocks import samples
from tests.unit.blocks.rules import assert_harmless, objects, texts
from tools.contracts.common import JsonObject

BUTTON = samples.offer().button_value
REASON = "The request is of critical risk."


def form(reasons: list[str], *, metadata: str = "{}") -> JsonObject:
    care = Care.of(assets=12, reasons=reasons)
    return step_up_form(replace(BUTTON, care=care), care, metadata=metadata).view


def assert_slack_takes(view: JsonObject) -> None:
    """The limits of Slack's reference, written down a second time, and as the workspace checks them."""
    accept_view(view)
    assert set(view) == {"type", "callback_id", "title", "submit", "close", "private_metadata", "blocks"}
    for name in ("title", "submit", "close"):
        assert 1 <= len(view[name]["text"]) <= 24
    assert len(view["callback_id"]) <= 255
    assert len(view["private_metadata"]) <= 3000
    assert 1 <= len(view["blocks"]) <= 100
    for _, text in texts(view["blocks"]):
        assert 1 <= len(text) <= 3000
    for found in objects(view["blocks"]):
        assert len(found.get("block_id", "")) <= 255
        if found.get("type") == "plain_text_input":
            assert 1 <= found["max_length"] <= 3000
    assert len(json.dumps(view)) <= 250_000


def test_says_what_will_run_where_how_much_by_which_plan_until_when_and_why_care_is_asked() -> None:
    view = form([REASON, "The models agree to less than 60 percent."])
    assert_slack_takes(view)
    said = "\n".join(text for _, text in texts(view["blocks"]))
    for expected in (
        "You approve a change to 12 assets in production.",
        "Revision 1",
        f"plan `{BUTTON.plan_digest[:19]}`",
        f"target `{BUTTON.target[:30]}`",
        f"<!date^{int(samples.offer().deadline.timestamp())}^",
        f"*Why extra care is asked*\n• {REASON}\n• The models agree to less than 60 percent.",
        "Type production to approve",
    ):
        assert expected in said, expected


def test_asks_for_one_word_under_ids_that_the_listener_reads() -> None:
    view = form([REASON])
    (field,) = [block for block in view["blocks"] if block["type"] == "input"]
    assert view["callback_id"] == STEP_UP_FORM
    assert (field["block_id"], field["element"]["action_id"]) == (STEP_UP_BLOCK, STEP_UP_INPUT)
    assert "optional" not in field
    assert "initial_value" not in field["element"]


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_fits_and_is_harmless_whatever_the_policys_words(text: str) -> None:
    view = form([text] * 9)
    assert_slack_takes(view)
    for kind, shown in texts(view["blocks"]):
        if kind == "mrkdwn":
            assert_harmless(shown)


@given(st.lists(st.text(max_size=300), min_size=1, max_size=8))
def test_fits_and_is_harmless_for_generated_reasons(reasons: list[str]) -> None:
    view = form(reasons)
    assert_slack_takes(view)
    for kind, shown in texts(view["blocks"]):
        if kind == "mrkdwn":
            assert_harmless(shown)


def test_the_sentence_for_a_wrong_word_says_which_word_and_that_nothing_was_decided() -> None:
    assert wrong_word("production") == (
        "That is not the name of the environment, so nothing was decided. Type production, or close this form."
    )


def test_a_modal_that_slack_would_refuse_cannot_be_made() -> None:
    good = Modal("id", "title", "submit", "close", "", [section("x")])
    changes: list[tuple[JsonObject, str]] = [
        ({"title": "t" * 25}, "title"),
        ({"submit": ""}, "submit button"),
        ({"close": "c" * 25}, "close button"),
        ({"callback_id": "c" * 256}, "callback id"),
        ({"private_metadata": "x" * (MAX_PRIVATE_METADATA + 1)}, "private metadata"),
        ({"private_metadata": "é" * 1501}, "private metadata"),
        ({"blocks": []}, "blocks"),
        ({"blocks": [section("x")] * 101}, "blocks"),
    ]
    for change, message in changes:
        with pytest.raises(ValueError, match=message):
            replace(good, **change)
    assert len(text_field("b", "a", label="l" * 2001, hint="h", max_length=9)["label"]["text"]) == 2000
