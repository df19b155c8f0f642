"""Edit → form → a signed edit, with the workflow on real Temporal as the judge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.client import Client

from bot.blocks.actions import (
    EDIT,
    EDIT_CANARY,
    EDIT_PERCENT,
    EDIT_WAIT,
    EDIT_WITHOUT,
    MalformedButton,
)
from bot.blocks.edit import edit_form
from bot.blocks.edit_button import EditButton, Parameters
from bot.listeners.card_form import CardForm
from bot.local.slack.blocks.validate import accept_view
from bot.local.slack.outbox import Patience
from bot.settings import TemporalSettings
from bot.workflows.client import connect
from tests.unit.blocks import samples
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, TEAM, Slack
from tests.unit.local_slack.harness import running as running_slack
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script
from tools.contracts.common import JsonObject
from tools.contracts.signing import sign

ROLES = {GRACE: ["approver"], "U0LINUS001": ["approver"]}
AS_IT_IS: dict[str, Any] = {EDIT_CANARY: "1", EDIT_PERCENT: "100", EDIT_WAIT: "1", EDIT_WITHOUT: []}


def script() -> Script:
    return Script(roles=ROLES)


async def opened(desk: Desk, task: Any, **changes: Any) -> JsonObject:
    return await desk.form(await desk.card(await task.proposal()), action_id=EDIT, **changes)


def values(**typed: Any) -> JsonObject:
    blocks = {"canary": EDIT_CANARY, "percent": EDIT_PERCENT, "wait": EDIT_WAIT, "without": EDIT_WITHOUT}
    given = AS_IT_IS | {blocks[name]: value for name, value in typed.items()}
    return {block: {block: value} for block, value in given.items()}


async def send(desk: Desk, view: JsonObject, **typed: Any) -> JsonObject:
    return await desk.slack.act("submit_view", user="grace", view_id=view["id"], values=values(**typed))


def payload(view: JsonObject, state: JsonObject, *, user: str = GRACE, **changes: Any) -> JsonObject:
    """A `view_submission` as no workspace need send it."""
    sent = {**view, "state": {"values": state}, **changes}
    who = {"id": user, "team_id": TEAM}
    return {"type": "view_submission", "team": {"id": "T1"}, "user": who, "view": sent}


async def test_edit_opens_a_form_with_the_plan_as_it_is_and_changes_nothing(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        view = await opened(desk, task)
        said = json.dumps(view["blocks"], ensure_ascii=False)
        assert "2 assets in production" in said
        assert "you cannot approve what you changed" in said
        fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
        assert fields[EDIT_CANARY]["initial_value"] == "1"
        assert fields[EDIT_WAIT]["initial_value"] == "1"
        assert [option["text"]["text"] for option in fields[EDIT_WITHOUT]["options"]] == ["web-1", "web-2"]
        assert task.script.of("edit_plan") == []


async def test_what_differs_goes_to_the_workflow_signed_and_nothing_else(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        first = await task.proposal()
        view = await opened(desk, task)
        assert (await send(desk, view, percent="12.5", without=["1"]))["ok"]
        second = await task.proposal(revision=2)
        (message,) = task.script.of("edit_plan")
        edit = message.edit
        assert (edit.canary_size, edit.max_batch_percent, edit.wait_seconds) == (None, 12.5, None)
        assert (edit.without, edit.user, edit.plan_digest) == (["web-2"], GRACE, first.plan.digest)
        assert second.shapers == [GRACE]
        assert await desk.view() is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"canary": "0"}, EDIT_CANARY),
        ({"canary": "3"}, EDIT_CANARY),
        ({"canary": "2", "without": ["0"]}, EDIT_CANARY),
        ({"canary": "1.5"}, EDIT_CANARY),
        ({"canary": "-1"}, EDIT_CANARY),
        ({"percent": "0"}, EDIT_PERCENT),
        ({"percent": "100.1"}, EDIT_PERCENT),
        ({"percent": "8.335"}, EDIT_PERCENT),
        ({"percent": "nan"}, EDIT_PERCENT),
        ({"percent": "1e2"}, EDIT_PERCENT),
        ({"wait": "604801"}, EDIT_WAIT),
        ({"wait": "ten"}, EDIT_WAIT),
        ({"wait": "٣"}, EDIT_WAIT),
        ({"without": ["0", "1"]}, EDIT_WITHOUT),
        ({}, EDIT_PERCENT),
    ],
)
async def test_what_is_out_of_bounds_is_said_at_its_field_and_the_form_stays(
    desk: Desk, temporal: Client, typed: dict[str, Any], field: str
) -> None:
    async with running(temporal, script()) as task:
        view = await opened(desk, task)
        answer = await send(desk, view, **typed)
        assert list(answer["errors"]) == [field], answer
        assert await desk.view() is not None
        assert task.script.of("edit_plan") == []


@pytest.mark.parametrize("choice", ["2", "-1", "web-1", None, 7, {"a": 1}])
async def test_an_asset_that_the_form_did_not_list_cannot_be_named(desk: Desk, temporal: Client, choice: Any) -> None:
    async with running(temporal, script()) as task:
        view = await opened(desk, task)
        state = {block: {block: {"value": value}} for block, value in AS_IT_IS.items() if block != EDIT_WITHOUT} | {
            EDIT_WITHOUT: {EDIT_WITHOUT: {"selected_options": [{"value": choice}]}}
        }
        assert list((await desk.send(payload(view, state)))["errors"]) == [EDIT_WITHOUT]
        assert task.script.of("edit_plan") == []


async def test_a_form_binds_who_it_was_opened_for_and_what_it_was_opened_with(desk: Desk, temporal: Client) -> None:
    async with running(temporal, script()) as task:
        view = await opened(desk, task)
        state = {block: {block: {"value": value}} for block, value in AS_IT_IS.items()}
        answer = await desk.send(payload(view, state, user="U0LINUS001"))
        assert "opened for somebody else" in answer["errors"][EDIT_PERCENT]
        form = CardForm.decode(view["private_metadata"], purpose="edit", key=KEY)
        wider = Parameters(assets=500, canary=1, percent=20, wait=1).encode()
        forged = [
            replace(form, details=wider).encode(),
            sign(replace(form, details="{}"), KEY).encode(),
            sign(replace(form, purpose="approve"), KEY).encode(),
            "",
        ]
        for metadata in forged:
            answer = await desk.send(payload(view, state, private_metadata=metadata))
            assert answer["errors"][EDIT_PERCENT].startswith("I could not read this form"), metadata
        assert task.script.of("edit_plan") == []


async def test_slack_does_not_open_the_form_and_the_clicker_is_told(tmp_path: Path, temporal: Client) -> None:
    async with (
        running_slack(tmp_path, patience=Patience(), trigger_seconds=-1) as slack,
        open_desk(slack, temporal) as desk,
        running(temporal, script()) as task,
    ):
        card = await desk.card(await task.proposal())
        await desk.click(card, action_id=EDIT)
        (told,) = await desk.told(card)
        assert "Nothing was changed and the plan waits as it was; press Edit again" in told


async def test_temporal_away_is_said_in_the_form_which_stays(slack: Slack, temporal: Client) -> None:
    nobody = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with running(temporal, script()) as task, open_desk(slack, nobody) as desk:
        view = await opened(desk, task)
        answer = await send(desk, view, wait="600")
        assert answer["errors"][EDIT_PERCENT].startswith("I could not record that")


def test_a_large_plan_lists_no_assets_and_still_fits() -> None:
    parameters = Parameters.of(samples.plan(assets=500))
    assert parameters is not None
    assert (parameters.assets, parameters.names) == (500, ())
    button = EditButton(samples.offer().button_value, parameters)
    view = edit_form(button, metadata="{}").view
    accept_view(view)
    assert EDIT_WITHOUT not in {block.get("block_id") for block in view["blocks"]}


@given(st.lists(st.text(min_size=1, max_size=128), min_size=1, max_size=80, unique=True))
def test_whatever_the_assets_are_called_button_and_form_fit(names: list[str]) -> None:
    plan = samples.plan().model_copy(update={"asset_ids": names})
    parameters = Parameters.of(plan)
    assert parameters is not None
    button = EditButton(samples.offer().button_value, parameters)
    back = EditButton.decode(button.encode())
    assert back.parameters.names in (parameters.names, ())
    form = CardForm(
        purpose="edit",
        org="T1",
        user=GRACE,
        channel="C1",
        task_id=samples.TASK,
        revision=1,
        plan_digest=plan.digest,
        policy_digest=plan.digest,
        target=plan.target,
        nonce="n" * 32,
        expires_at=samples.NOW.isoformat(),
        details=back.parameters.encode(),
    )
    accept_view(edit_form(back, metadata=sign(form, KEY).encode()).view)


def test_a_value_that_is_not_ours_is_refused() -> None:
    parameters = Parameters.of(samples.plan())
    assert parameters is not None
    good = EditButton(samples.offer().button_value, parameters)
    assert EditButton.decode(good.encode()) == good
    binding, details = json.loads(good.encode())
    for wrong in (
        "",
        "[]",
        "{}",
        json.dumps([binding]),
        json.dumps([binding, "{}"]),
        json.dumps([binding, details.replace('"canary":1', '"canary":-1')]),
        json.dumps([binding, details.replace('"wait"', '"weight"')]),
        json.dumps(["x", details]),
    ):
        with pytest.raises(MalformedButton):
            EditButton.decode(wrong)
