"""What runs without a person's yes, and which gates are off, is on the card; and such a card has no buttons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.blocks.actions import APPROVE, REJECT
from bot.blocks.message import Message
from bot.blocks.offer import Offer
from bot.blocks.plan_card import decided_card, expired_card, notice_card, plan_card, stopped_card
from tests.unit.blocks import samples
from tests.unit.blocks.rules import texts
from tests.unit.blocks.slack_types import assert_message_taken
from tools.contracts.verdict import Autonomy, AutonomyMode, GateName


def words(message: Message) -> str:
    return "\n".join(text for _, text in texts(message.blocks))


def offer(mode: AutonomyMode, phases: int = 0, blockers: list[str] | None = None, *, rest: bool = False) -> Offer:
    plain = samples.offer()
    autonomy = Autonomy(mode=mode, unattended_phases=phases, blockers=blockers or [])
    return replace(plain, report=plain.report.model_copy(update={"autonomy": autonomy}), rest=rest)


def buttons(message: Message) -> bool:
    return any(action in str(message.blocks) for action in (APPROVE, REJECT))


def test_where_people_approve_everything_nothing_is_said_of_it() -> None:
    assert "Autonomy" not in words(plan_card(samples.offer()))
    assert "Autonomy" not in words(plan_card(offer("approve_all")))


def test_plan_only_is_shown_and_cannot_be_decided() -> None:
    card = notice_card(offer("plan_only"))
    said = words(card)
    assert "Plan only: 12 assets in production" in said
    assert "nothing can be approved or run here" in said
    assert "*1*  Canary: 1 asset" in said
    assert not buttons(card)


def test_what_runs_alone_says_by_which_mode_and_has_no_buttons() -> None:
    count = len(samples.plan().phases)
    card = notice_card(offer("full_auto", count))
    assert_message_taken(card)
    said = words(card)
    assert "Runs now: 12 assets" in said
    assert "*This runs without approval* (autonomy `full_auto`)" in said
    assert f"all {count} phases run without approval" in said
    assert not buttons(card)


def test_a_canary_that_runs_alone_says_what_comes_after() -> None:
    said = words(notice_card(offer("canary_only", 2)))
    assert "Canary runs now" in said
    assert "without a yes the canary is put back" in said


def test_the_question_about_the_rest_says_what_ran() -> None:
    card = plan_card(offer("canary_only", 2, rest=True))
    said = words(card)
    assert "Approve the rest?" in said
    assert "1 asset changed. This decision is about 11 assets more." in said
    assert buttons(card)


def test_a_rest_that_nobody_approved_is_not_said_to_have_changed_nothing() -> None:
    rest = offer("canary_only", 2, rest=True)
    for card in (decided_card(rest, "reject"), expired_card(rest), stopped_card(rest, why="cancelled")):
        assert "Nothing was changed" not in words(card)
    assert "The canary is put back" in words(expired_card(rest))


def test_what_stands_in_the_way_of_a_waiver_is_said() -> None:
    said = words(plan_card(offer("full_auto", 0, ["asset <!channel> is critical", *(f"b{n}" for n in range(9))])))
    assert "`full_auto`, and still approval is needed: asset &lt;!channel&gt; is critical; b0" in said
    assert "and 6 more" in said
    assert "`full_auto` waives nothing in production" in words(plan_card(offer("full_auto")))


OFF: list[list[GateName]] = [["policy"], ["schema", "safety"]]


@pytest.mark.parametrize("off", OFF)
def test_every_card_says_which_gates_are_off(off: list[GateName]) -> None:
    plain = samples.offer()
    results = [result.model_copy(update={"off": result.gate in off}) for result in plain.report.results]
    dark = replace(plain, report=plain.report.model_copy(update={"results": results}))
    cards = [plan_card(dark), notice_card(dark), decided_card(dark, "approve"), expired_card(dark)]
    for card in [*cards, stopped_card(dark, why="x")]:
        assert f"switched off by configuration: {', '.join(off)}." in words(card)
    assert off[0] not in words(plan_card(dark)).split("Passed: ")[1].split(".")[0].split(", ")
    assert "switched off" not in words(plan_card(plain))
