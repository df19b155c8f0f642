"""Reject → form → a signed rejection with its reason, with the workflow on real Temporal as the judge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from bot.blocks.actions import (
    REJECT,
    REJECT_FORM,
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
)
from bot.blocks.offer import Vote
from bot.blocks.plan_card import decided_card
from bot.blocks.reject import reject_form
from bot.listeners.card_form import CardForm
from bot.local.slack.blocks.validate import accept_view
from bot.local.slack.outbox import Patience
from bot.settings import TemporalSettings
from bot.workflows.client import connect
from tests.unit.blocks import samples
from tests.unit.blocks.rules import assert_harmless, texts
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, TEAM, Slack
from tests.unit.local_slack.harness import running as running_slack
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, running
from tests.unit.workflows.script import Script
from tools.contracts.common import JsonObject
from tools.contracts.decision import REJECTIONS, RejectionKind, reason_words
from tools.contracts.signing import sign

ROLES = {GRACE: ["approver"], "U0LINUS001": ["approver"]}


def script() -> Script:
    return Script(roles=ROLES)


async def waits_still(task: Running) -> None:
    """Nothing was decided, and no decision was even weighed."""
    await task.decide("UNOBODY")
    assert await task.refused(1) == ["not_in_role"]
    assert task.script.of("accept_decision") == []


def sent(view: JsonObject, kind: Any, words: Any, *, user: str = GRACE, **changes: Any) -> JsonObject:
    """A `view_submission` as Slack sends it, of a form as it was opened."""
    values = {
        REJECT_KIND_BLOCK: {REJECT_KIND_INPUT: {"type": "static_select", "selected_option": {"value": kind}}},
        REJECT_WORDS_BLOCK: {REJECT_WORDS_INPUT: {"type": "plain_text_input", "value": words}},
    }
    return {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": user, "team_id": TEAM},
        "view": {**view, "state": {"values": values}, **changes},
    }


async def test_reject_asks_why_and_stops_nothing_yet(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        view = await desk.form(await desk.card(await task.proposal()), action_id=REJECT)
        assert view["callback_id"] == REJECT_FORM
        said = json.dumps(view["blocks"])
        assert all(words in said for words in REJECTIONS.values())
        await waits_still(task)


@pytest.mark.parametrize("kind", REJECTIONS)
async def test_the_reason_goes_with_the_rejection_to_the_card_the_ledger_and_the_end(
    desk: Desk, temporal: Client, kind: RejectionKind
) -> None:
    async with running(temporal, script()) as task:
        answer = await desk.reject(await desk.card(await task.proposal()), kind=kind, words="These are\nbeing retired.")
        assert answer["ok"], answer
        result = await task.handle.result()
        assert (result.outcome, result.ended_by, result.reason_kind) == ("rejected", GRACE, kind)
        assert result.detail.endswith("These are being retired.")
        (accepted,) = task.script.of("accept_decision")
        assert (accepted.verdict, accepted.reason_kind) == ("reject", kind)
        assert accepted.reason == "These are\nbeing retired."
        assert await desk.view() is None


async def test_another_reason_needs_words_and_the_form_says_so_at_the_field(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        card = await desk.card(await task.proposal())
        for words in ("", "  \n "):
            answer = await desk.reject(card, kind="other", words=words)
            assert list(answer["errors"]) == [REJECT_WORDS_BLOCK], answer
            assert "Nothing was recorded yet." in answer["errors"][REJECT_WORDS_BLOCK]
        await waits_still(task)
        assert (await desk.reject(card, kind="other", words="We leave this site."))["ok"]
        assert (await task.handle.result()).detail == "We leave this site."


@pytest.mark.parametrize("kind", ["", None, "approve", ["not_now"], 7, "x" * 5000])
async def test_a_kind_that_is_not_offered_is_no_rejection(desk: Desk, temporal: Client, kind: Any) -> None:
    async with running(temporal, script()) as task:
        view = await desk.form(await desk.card(await task.proposal()), action_id=REJECT)
        answer = await desk.send(sent(view, kind, "because"))
        assert list(answer["errors"]) == [REJECT_KIND_BLOCK]
        await waits_still(task)


async def test_words_that_are_no_text_or_longer_than_the_field_are_cut_to_it(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        view = await desk.form(await desk.card(await task.proposal()), action_id=REJECT)
        assert list((await desk.send(sent(view, "other", ["because"])))["errors"]) == [REJECT_WORDS_BLOCK]
        assert await desk.send(sent(view, "too_risky", "no " * 5000)) == {}
        await task.handle.result()
        (accepted,) = task.script.of("accept_decision")
        assert len(accepted.reason) == 500


async def test_what_looks_like_a_secret_is_taken_out_before_it_reaches_temporal(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        await desk.reject(await desk.card(await task.proposal()), words="use AKIAIOSFODNN7EXAMPLE instead")
        await task.handle.result()
        (accepted,) = task.script.of("accept_decision")
        assert "AKIA" not in accepted.reason


async def test_only_who_may_decide_can_reject_and_the_form_binds_who_it_was_opened_for(
    desk: Desk, temporal: Client
) -> None:
    async with running(temporal, script()) as task:
        card = await desk.card(await task.proposal())
        assert (await desk.reject(card, user="ada"))["ok"]
        assert await task.refused(1) == ["not_in_role"]
        view = await desk.form(card, action_id=REJECT)
        answer = await desk.send(sent(view, "not_now", "", user="U0LINUS001"))
        assert "opened for somebody else" in answer["errors"][REJECT_KIND_BLOCK]
        approving = replace(CardForm.decode(view["private_metadata"], purpose="reject", key=KEY), purpose="approve")
        for metadata in (sign(approving, KEY).encode(), view["private_metadata"][:-1], "", None):
            answer = await desk.send(sent(view, "not_now", "", private_metadata=metadata))
            assert answer["errors"][REJECT_KIND_BLOCK].startswith("I could not read this form")
        assert task.script.of("accept_decision") == []


async def test_slack_does_not_open_the_form_and_the_clicker_is_told_that_nothing_was_recorded(
    tmp_path: Path, temporal: Client
) -> None:
    async with (
        running_slack(tmp_path, patience=Patience(), trigger_seconds=-1) as slack,
        open_desk(slack, temporal) as desk,
        running(temporal, script()) as task,
    ):
        card = await desk.card(await task.proposal())
        await desk.click(card, action_id=REJECT)
        (told,) = await desk.told(card)
        assert "not recorded" in told
        assert "press Reject again" in told
        assert await desk.told(card, user="linus") == []
        await waits_still(task)


async def test_temporal_away_is_said_in_the_form_which_stays(slack: Slack, temporal: Client) -> None:
    nobody = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with running(temporal, script()) as task:
        proposal = await task.proposal()
        async with open_desk(slack, nobody) as desk:
            answer = await desk.reject(await desk.card(proposal))
            assert "The plan still waits." in answer["errors"][REJECT_KIND_BLOCK]
            assert await desk.view() is not None
        await waits_still(task)


async def test_a_form_of_a_task_that_is_over_says_so(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        card = await desk.card(await task.proposal())
        late = await desk.form(card, user="linus", action_id=REJECT)
        await desk.reject(card)
        await task.handle.result()
        answer = await desk.send(sent(late, "not_now", "", user="U0LINUS001"))
        assert answer["errors"][REJECT_KIND_BLOCK].startswith("This task is over")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_the_reason_cannot_ping_or_break_out_on_the_card(text: str) -> None:
    votes = [Vote("U0GRACE001", "reject", samples.NOW, reason_words("other", text))]
    for kind, shown in texts(decided_card(samples.offer(votes=votes), "reject").blocks):
        if kind == "mrkdwn":
            assert_harmless(shown, mentions=("U0GRACE001",))


def test_slack_takes_the_form() -> None:
    accept_view(reject_form(samples.offer().button_value, metadata="x" * 2000).view)
