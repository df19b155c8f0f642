"""Approve → form → submission → signed decision, with the workflow on real Temporal as the judge."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_INPUT
from bot.listeners.card_form import CardForm
from bot.local.slack.outbox import Patience
from bot.settings import TemporalSettings
from bot.workflows.client import connect
from tests.unit.listeners.desk import Desk, open_desk, submission, unreachable_proposal
from tests.unit.local_slack.harness import GRACE, Slack
from tests.unit.local_slack.harness import running as running_slack
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import Running, decision_on, running
from tests.unit.workflows.script import Script
from tools.contracts.common import JsonObject
from tools.contracts.signing import sign

LINUS = "U0LINUS001"
ROLES = {GRACE: ["approver"], LINUS: ["approver"], "UADA": ["approver"]}


def careful(*, quorum: int = 1) -> Script:
    return Script(roles=ROLES, quorum=quorum, step_up_reasons=["The request is of critical risk."])


def refusal(answer: JsonObject) -> str:
    """What the form says under its field."""
    errors: dict[str, str] = answer["errors"]
    assert list(errors) == [STEP_UP_BLOCK], answer
    return errors[STEP_UP_BLOCK]


async def untouched(task: Running) -> None:
    """Nothing was decided, and no decision was even weighed."""
    await task.decide("UNOBODY", step_up="production")
    assert await task.refused(1) == ["not_in_role"]
    assert task.script.of("accept_decision") == task.script.of("run_phase") == []


async def test_approve_opens_the_form_and_decides_nothing(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        assert view["title"]["text"] == "Approve with care"
        assert "The request is of critical risk." in json.dumps(view["blocks"])
        assert await desk.view("linus") is None
        await untouched(task)


@pytest.mark.parametrize("typed", ["production", " Production "])
async def test_the_environments_name_is_the_approval(desk: Desk, temporal: Client, typed: str) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        answer = await desk.submit(view, typed)
        assert answer["ok"], answer
        result = await task.handle.result()
        assert (result.outcome, result.approvers) == ("completed", [GRACE])
        assert [accepted.step_up for accepted in task.script.of("accept_decision")] == ["production"]
        assert await desk.view() is None


async def test_another_word_is_refused_in_the_form_which_stays_open(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        for typed in ("staging", "prod", "production!", "x" * 40):
            said = refusal(await desk.submit(view, typed))
            assert said.startswith("That is not the name of the environment, so nothing was decided. Type production")
        await untouched(task)
        assert await desk.view() is not None
        assert (await desk.submit(view, "production"))["ok"]
        assert (await task.handle.result()).approvers == [GRACE]


async def test_a_rejection_needs_no_environment_typed(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        await desk.reject(await desk.card(await task.proposal()))
        assert (await task.handle.result()).outcome == "rejected"
        assert await desk.view() is None


async def test_where_no_step_up_is_asked_for_a_click_is_the_approval(desk: Desk, temporal: Client) -> None:
    async with running(temporal, Script(roles=ROLES)) as task:
        await desk.click(await desk.card(await task.proposal()))
        assert (await task.handle.result()).approvers == [GRACE]
        assert await desk.view() is None


async def test_a_button_that_hides_that_step_up_is_asked_for_is_refused_by_the_workflow(
    desk: Desk, temporal: Client
) -> None:
    async with running(temporal, careful()) as task:
        proposal = await task.proposal()
        plain = proposal.requirement.model_copy(update={"step_up": False, "step_up_reasons": []})
        report = proposal.report.model_copy(update={"requirement": plain})
        await desk.click(await desk.card(replace(proposal, report=report)))
        assert await task.refused(1) == ["step_up_missing"]
        assert task.script.of("run_phase") == []


async def test_the_askers_own_word_is_refused_by_the_workflow(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        form = replace(CardForm.decode(view["private_metadata"], purpose="approve", key=KEY), user="UADA")
        metadata = sign(form, KEY).encode()
        assert await desk.send(submission(view, "production", user="UADA", private_metadata=metadata)) == {}
        assert await task.refused(1) == ["self_approval"]
        assert task.script.of("run_phase") == []


async def test_a_form_sent_twice_is_one_vote(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful(quorum=2)) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        for _ in range(2):
            assert await desk.send(submission(view, "production", user=GRACE)) == {}
        assert await task.refused(1) == ["already_decided"]
        assert [accepted.user for accepted in task.script.of("accept_decision")] == [GRACE]
        assert task.script.of("run_phase") == []


async def test_a_form_from_an_older_revision_is_refused_by_the_workflow(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        proposal = await task.proposal()
        view = await desk.form(await desk.card(replace(proposal, nonce="of-an-older-card")))
        assert (await desk.submit(view, "production"))["ok"]
        assert await task.refused(1) == ["wrong_nonce"]


async def test_a_form_for_a_task_that_is_over_says_so(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        proposal = await task.proposal()
        card = await desk.card(proposal)
        late = await desk.form(card, user="linus")
        await desk.reject(card)
        await task.handle.result()
        said = refusal(await desk.submit(late, "production", user="linus"))
        assert said.startswith("This task is over")
        never = await desk.form(await desk.card(unreachable_proposal(proposal)))
        assert refusal(await desk.submit(never, "production")).startswith("This task is over")


async def test_somebody_elses_form_is_refused(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        said = refusal(await desk.send(submission(view, "production", user=LINUS)))
        assert said.startswith("This form was opened for somebody else, so nothing was decided.")
        await untouched(task)


def hostile(metadata: str) -> list[str]:
    """Metadata that is not what we made, from what we made."""
    fields: JsonObject = json.loads(metadata)
    changes: list[JsonObject] = [
        {"purpose": "reject"},
        {"task_id": "T1.other"},
        {"user": LINUS},
        {"channel": "COTHER"},
        {"revision": 2},
        {"revision": "1"},
        {"plan_digest": "sha256:" + "1" * 64},
        {"policy_digest": "sha256:" + "1" * 64},
        {"target": fields["target"].replace("production", "staging")},
        {"nonce": "another"},
        {"expires_at": "2099-01-01T00:00:00+00:00"},
        {"org": "T2"},
        {"mac": ""},
        {"mac": "0" * 64},
        {"mac": None},
        {"mac": "\ud800"},
        {"nonce": "\ud800"},
        {"extra": 1},
    ]
    unsigned: dict[str, Any] = {name: value for name, value in fields.items() if name != "mac"}
    another_key = sign(CardForm(**unsigned), b"another key").encode()
    to_reject = sign(replace(CardForm(**unsigned), purpose="reject"), KEY).encode()
    return [
        to_reject,
        *(json.dumps({**fields, **change}) for change in changes),
        *(json.dumps({name: value for name, value in fields.items() if name != left_out}) for left_out in fields),
        *("", "null", "[]", "{}", '"production"', "{", "[" * 2900, metadata[:-1], metadata + " x"),
        another_key,
    ]


async def test_metadata_that_is_not_ours_binds_nothing(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        proposal = await task.proposal()
        view = await desk.form(await desk.card(proposal))
        decision = sign(replace(decision_on(proposal, GRACE, "approve"), step_up="production"), KEY)
        as_decision = {**json.loads(view["private_metadata"]), "mac": decision.mac}
        for metadata in [*hostile(view["private_metadata"]), json.dumps(as_decision)]:
            answer = await desk.send(submission(view, "production", user=GRACE, private_metadata=metadata))
            assert refusal(answer).startswith("I could not read this form, so nothing was decided."), metadata
        answer = await desk.send(submission(view, "production", user=GRACE, private_metadata=None))
        assert refusal(answer).startswith("I could not read this form")
        await untouched(task)


NOT_TYPED: list[Any] = [
    None,
    [],
    {},
    {"values": None},
    {"values": {STEP_UP_BLOCK: None}},
    {"values": {STEP_UP_BLOCK: ["production"]}},
    {"values": {STEP_UP_BLOCK: {STEP_UP_INPUT: "production"}}},
    {"values": {STEP_UP_BLOCK: {STEP_UP_INPUT: {"value": ["production"]}}}},
    {"values": {STEP_UP_BLOCK: {STEP_UP_INPUT: {"value": None}}}},
    {"values": {"another": {STEP_UP_INPUT: {"value": "production"}}}},
]


async def test_what_was_not_typed_into_the_field_is_no_approval(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        view = await desk.form(await desk.card(await task.proposal()))
        for state in NOT_TYPED:
            answer = await desk.send(submission(view, "", user=GRACE, state=state))
            assert refusal(answer).startswith("That is not the name of the environment"), state
        await untouched(task)


async def test_slack_does_not_open_the_form_and_the_clicker_is_told(tmp_path: Path, temporal: Client) -> None:
    async with (
        running_slack(tmp_path, patience=Patience(), trigger_seconds=-1) as slack,
        open_desk(slack, temporal) as desk,
        running(temporal, careful()) as task,
    ):
        card = await desk.card(await task.proposal())
        await desk.click(card)
        (told,) = await desk.told(card)
        assert "Slack did not open the form for it. Nothing was decided; press Approve again." in told
        assert await desk.told(card, user="linus") == []
        await untouched(task)


@pytest.mark.parametrize("fault", ["rate_limited_seconds", "errors_seconds"])
async def test_slack_is_too_busy_for_the_form_and_the_clicker_is_told_in_time(
    desk: Desk, temporal: Client, fault: str
) -> None:
    async with running(temporal, careful()) as task:
        card = await desk.card(await task.proposal())
        await desk.slack.act("faults", methods=["views.open"], **{fault: 60})
        answer = await desk.click(card)
        assert answer["ack_ms"] < 3000
        (told,) = await desk.told(card)
        assert "Nothing was decided; press Approve again." in told


async def test_a_form_whose_opening_went_unanswered_is_open_all_the_same(desk: Desk, temporal: Client) -> None:
    async with running(temporal, careful()) as task:
        card = await desk.card(await task.proposal())
        await desk.slack.act("faults", methods=["views.open"], lose_next_answers=1)
        view = await desk.form(card)
        assert await desk.told(card) == []
        assert (await desk.submit(view, "production"))["ok"]
        assert (await task.handle.result()).approvers == [GRACE]


async def test_temporal_does_not_take_it_and_the_form_says_so_and_stays(slack: Slack, temporal: Client) -> None:
    nobody = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with running(temporal, careful()) as task:
        proposal = await task.proposal()
        async with open_desk(slack, nobody) as desk:
            view = await desk.form(await desk.card(proposal))
            said = refusal(await desk.submit(view, "production"))
            assert said.startswith("I could not record that: the workflow service did not answer.")
            still = await desk.view()
            assert still is not None
            assert still["id"] == view["id"]
        await untouched(task)
        async with open_desk(slack, temporal) as desk:
            assert (await desk.submit(view, "production"))["ok"]
            assert (await task.handle.result()).approvers == [GRACE]


async def test_temporal_that_accepts_and_never_answers_is_told_before_slack_gives_up(
    slack: Slack, temporal: Client
) -> None:
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    silent = await connect(TemporalSettings(), address=address, codec_key=KEY, lazy=True)
    try:
        async with running(temporal, careful()) as task, open_desk(slack, silent) as desk:
            view = await desk.form(await desk.card(await task.proposal()))
            answer = await desk.submit(view, "production")
            assert refusal(answer).startswith("I could not record that")
            assert answer["ack_ms"] < 3000
            await untouched(task)
    finally:
        server.close()
        for writer in held:
            writer.close()
