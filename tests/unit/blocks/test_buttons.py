"""What a click binds survives the way through Slack, and nothing else is taken for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import sentences
from bot.blocks.actions import (
    APPROVE,
    CANCEL,
    EDIT,
    PAUSE,
    REJECT,
    RESUME,
    AnswerValue,
    ButtonValue,
    Care,
    MalformedButton,
    RunButton,
)
from bot.blocks.clarify import CLARIFY, OWN_WORDS
from bot.blocks.controls import Held
from bot.blocks.edit_button import EditButton, Parameters
from bot.blocks.execution import progress_card
from bot.blocks.message import Message, actions, button, section
from bot.blocks.plan_card import decided_card, expired_card, plan_card, stopped_card, superseded_card
from bot.blocks.task import question_card
from tests.unit.blocks import samples
from tools.contracts.common import JsonObject
from tools.contracts.taskspec import Question

GOOD = samples.offer().button_value
CAREFUL = samples.offer(concerns=["The request is of critical risk."]).button_value


def buttons(message: Message) -> dict[str, JsonObject]:
    found = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {element["action_id"]: element for row in found for element in row}


def test_the_buttons_of_a_plan_bind_exactly_the_revision_shown() -> None:
    offer = samples.offer()
    shown = buttons(plan_card(offer))
    assert list(shown) == [APPROVE, REJECT, EDIT]
    edit = EditButton.decode(shown[EDIT]["value"])
    assert edit.parameters == Parameters.of(offer.plan)
    for value in (*(ButtonValue.decode(shown[name]["value"]) for name in (APPROVE, REJECT)), edit.binding):
        assert (value.task_id, value.revision) == (offer.plan.task_id, offer.plan.revision)
        assert (value.plan_digest, value.target) == (offer.plan.digest, offer.plan.target)
        assert (value.policy_digest, value.nonce) == (offer.report.policy_digest, offer.nonce)
        assert value.expires_at == offer.deadline.isoformat()
    assert "confirm" in shown[APPROVE]
    assert shown[APPROVE]["style"] == "primary"


RUN = RunButton(task_id="T1.COPS.1", revision=2, plan_digest="sha256:" + "b" * 64)


def test_a_run_that_goes_on_can_be_paused_and_one_that_is_paused_resumed() -> None:
    rows = samples.rows("x", count=3)
    going = buttons(progress_card("t", environment="staging", rows=rows, control=RUN))
    held = Held(by="UADA", until=samples.NOW)
    paused = buttons(progress_card("t", environment="staging", rows=rows, control=RUN, held=held))
    assert (set(going), set(paused)) == ({PAUSE, CANCEL}, {RESUME, CANCEL})
    assert {RunButton.decode(element["value"]) for element in [*going.values(), *paused.values()]} == {RUN}
    assert "confirm" in going[CANCEL]


def test_a_run_that_is_over_has_nothing_to_press() -> None:
    assert buttons(progress_card("t", environment="staging", rows=samples.rows("x", count=3))) == {}


@pytest.mark.parametrize("value", ["", "{}", GOOD.encode(), RUN.encode().replace('"v":1', '"v":2'), RUN.encode()[:-3]])
def test_what_is_no_button_of_a_run_is_refused(value: str) -> None:
    with pytest.raises(MalformedButton):
        RunButton.decode(value)


@pytest.mark.parametrize("change", [{"revision": 0}, {"plan_digest": "sha256:x"}, {"task_id": ""}])
def test_a_run_button_binds_a_whole_run(change: dict[str, str | int]) -> None:
    with pytest.raises(MalformedButton):
        replace(RUN, **change)


def test_a_task_without_a_plan_can_be_cancelled_and_nothing_else() -> None:
    shown = buttons(sentences.llm_away("Claude is rate limited.", task_id="T1.COPS.1", will_retry=True))
    assert set(shown) == {CANCEL}
    assert RunButton.decode(shown[CANCEL]["value"]) == RunButton(task_id="T1.COPS.1", revision=0, plan_digest="")
    assert "confirm" in shown[CANCEL]


def test_where_the_policy_asks_for_step_up_approve_opens_a_form_and_carries_what_it_says() -> None:
    offer = samples.offer(concerns=["The request is of critical risk.", "The models agree to less than 60 percent."])
    shown = buttons(plan_card(offer))
    assert shown[APPROVE]["text"]["text"] == "Approve…"
    assert "confirm" not in shown[APPROVE]
    value = ButtonValue.decode(shown[APPROVE]["value"])
    assert value == offer.button_value
    assert value.care == Care(
        assets=12, reasons=("The request is of critical risk.", "The models agree to less than 60 percent.")
    )
    assert replace(value, care=None) == samples.offer().button_value


def test_a_button_holds_any_number_of_reasons_beside_the_longest_binding() -> None:
    care = Care.of(assets=100_000, reasons=['"\\' * 300] * 60)
    assert care.reasons[-1] == "… and 56 more reasons: see the card."
    longest = replace(GOOD, task_id="t" * 400, care=care)
    assert ButtonValue.decode(longest.encode()) == longest


def test_a_card_that_is_no_longer_open_has_no_buttons() -> None:
    offer = samples.offer()
    closed = [
        decided_card(offer, "approve"),
        decided_card(offer, "reject"),
        expired_card(offer),
        superseded_card(offer, by_revision=2, why="smaller batches"),
        stopped_card(offer, why="The estate drifted."),
    ]
    assert [buttons(card) for card in closed] == [{}] * 5


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"r": 0},
        {"r": "1"},
        {"r": True},
        {"r": 1.5},
        {"p": "sha256:short"},
        {"o": None},
        {"a": "production/else"},
        {"a": "moon/sha256:" + "0" * 64},
        {"n": ""},
        {"n": "x" * 500},
        {"t": ["list"]},
        {"e": "tomorrow"},
        {"e": "2026-03-01T03:42:00"},
        {"e": "2026-03-01T03:42:00+02:00"},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_value_that_is_not_ours_is_refused(change: JsonObject) -> None:
    fields = json.loads(GOOD.encode())
    with pytest.raises(MalformedButton):
        ButtonValue.decode(json.dumps({**fields, **change}))


@pytest.mark.parametrize(
    "change",
    [{"v": 1}, {"v": 3}, {"k": -1}, {"k": "12"}, {"w": ""}, {"w": "a\n"}, {"w": "x" * 101}, {"w": "\n".join("abcdef")}],
    ids=str,
)
def test_a_step_up_value_that_is_not_ours_is_refused(change: JsonObject) -> None:
    fields = json.loads(CAREFUL.encode())
    with pytest.raises(MalformedButton):
        ButtonValue.decode(json.dumps({**fields, **change}))


@pytest.mark.parametrize("good", [GOOD, CAREFUL], ids=["a click", "step-up"])
def test_a_missing_field_is_refused(good: ButtonValue) -> None:
    fields = json.loads(good.encode())
    for name in fields:
        with pytest.raises(MalformedButton):
            ButtonValue.decode(json.dumps({key: value for key, value in fields.items() if key != name}))


@given(st.text() | st.from_regex(r'[\[{"0-9a-z:,}\]]{0,60}'))
def test_garbage_is_refused_in_one_way_only(text: str) -> None:
    for decode in (ButtonValue.decode, AnswerValue.decode):
        with pytest.raises(MalformedButton):
            decode(text)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(MalformedButton):
        ButtonValue.decode("[" * 100_000)


def test_a_value_that_slack_would_cut_is_never_made() -> None:
    with pytest.raises(MalformedButton):
        replace(GOOD, task_id="t" * 401)
    with pytest.raises(MalformedButton):
        AnswerValue(task_id="\\" * 400, question_id="\\" * 400, choice="\\" * 400).encode()
    with pytest.raises(ValueError, match="button value"):
        button("x", action_id="a", value="v" * 2001)


def test_each_choice_of_a_question_binds_task_question_and_answer() -> None:
    question = Question(text="Which environment?", choices=["production", "staging"])
    shown = buttons(question_card(question, task_id="t", question_id="q7", simulated=False))
    values = [AnswerValue.decode(element["value"]) for element in shown.values()]
    assert [(value.task_id, value.question_id, value.choice) for value in values] == [
        ("t", "q7", "production"),
        ("t", "q7", "staging"),
        ("t", "q7", OWN_WORDS),
    ]
    assert list(shown)[-1] == CLARIFY


def test_a_question_without_choices_is_answered_in_ones_own_words() -> None:
    card = question_card(Question(text="Which one?", choices=["", "  "]), task_id="t", question_id="q", simulated=False)
    assert list(buttons(card)) == [CLARIFY]


def test_a_message_that_slack_would_refuse_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at most 50 blocks"):
        Message("x", [section("y")] * 51)
    with pytest.raises(ValueError, match="13200"):
        Message("x", [section("y" * 3000)] * 5)
    with pytest.raises(ValueError, match="text"):
        Message(" ", [])
    with pytest.raises(ValueError, match="section text"):
        section("y" * 3001)
    with pytest.raises(ValueError, match="must differ"):
        actions("row", [button("x", action_id="a", value="v")] * 2)
