"""`/gavel ask`: what is asked, in which mode; what is no mode starts nothing."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import Client

from bot.blocks.ask import AS_SET, ASK_FORM, MODE_BLOCK, MODE_INPUT, REQUEST_BLOCK, REQUEST_INPUT
from bot.listeners.asking import UnknownMode, split_option
from bot.settings import TemporalSettings
from bot.workflows.client import connect
from bot.workflows.messages import TaskRequest
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import ADA, OPS, TEAM, Slack
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tools.contracts.common import JsonObject


async def asked(desk: Desk, words: str) -> JsonObject:
    answer = await desk.slack.act("command", user="ada", channel=OPS, text=words)
    assert answer["ok"], answer
    return (await desk.slack.look("channel", channel=OPS, viewer="ada"))["messages"][-1]


async def handed_over(temporal: Client) -> set[str]:
    """The server's own list, which may lag a moment behind a start."""
    await asyncio.sleep(0.5)
    return {task.id async for task in temporal.list_workflows("TaskQueue = 'not-used'")}


async def taken(temporal: Client, before: set[str]) -> TaskRequest:
    """The one request that was handed over since; its task is ended."""
    new: set[str] = set()
    async with asyncio.timeout(20):
        while not new:
            new = await handed_over(temporal) - before
    (task,) = new
    handle = temporal.get_workflow_handle(task)
    started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    (request,) = await temporal.data_converter.decode(started.input.payloads, [TaskRequest])
    await handle.terminate()
    return request


@pytest.mark.parametrize(
    ("words", "mode", "asked"),
    [
        ("fix drift in staging", None, "fix drift in staging"),
        ("--mode council fix drift", "council", "fix drift"),
        ("--mode=Aggregate fix drift", "aggregation", "fix drift"),
        ("—mode single  fix drift", "single", "fix drift"),
        ("fix drift --mode council", None, "fix drift --mode council"),
        ("--mode council", "council", ""),
    ],
)
def test_the_option_stands_at_the_start(words: str, mode: str | None, asked: str) -> None:
    assert split_option(words) == (mode, asked)


def test_a_mode_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownMode, match="There are: council, single, aggregation"):
        split_option("--mode quorum fix drift")


async def test_the_task_is_handed_over_with_its_mode(desk: Desk, temporal: Client) -> None:
    before = await handed_over(temporal)
    said = await asked(desk, "ask --mode council production web servers have drifted")
    assert said["text"] == "On it. A thread opens here in a moment."
    assert (await taken(temporal, before)).text == "council: production web servers have drifted"


@pytest.mark.parametrize(
    ("chosen", "text"), [(None, "api servers have drifted\nall of them"), ("council", "council: api servers have …")]
)
async def test_without_words_a_form_asks_for_them(desk: Desk, temporal: Client, chosen: str | None, text: str) -> None:
    before = await handed_over(temporal)
    said = await asked(desk, "ask" if chosen is None else f"ask --mode {chosen}")
    assert said["text"] == "Say in the form what is to be done."
    view = await desk.view("ada")
    assert view is not None
    assert view["callback_id"] == ASK_FORM
    mode = view["blocks"][1]["element"]["initial_option"]["value"]
    assert mode == (chosen or AS_SET)
    values = {REQUEST_BLOCK: {REQUEST_INPUT: text}, MODE_BLOCK: {MODE_INPUT: mode}}
    assert (await desk.slack.act("submit_view", user="ada", view_id=view["id"], values=values))["ok"]
    request = await taken(temporal, before)
    assert (request.text, request.user, request.channel) == (text if chosen is None else f"{chosen}: {text}", ADA, OPS)


def form(words: object, mode: object, *, channel: str = OPS) -> JsonObject:
    """As Slack sends it, from somebody who may send anything."""
    typed = {REQUEST_BLOCK: {REQUEST_INPUT: {"type": "plain_text_input", "value": words}}}
    picked = {MODE_BLOCK: {MODE_INPUT: {"type": "static_select", "selected_option": {"value": mode}}}}
    view = {
        "type": "modal",
        "id": "V0FORM",
        "callback_id": ASK_FORM,
        "private_metadata": channel,
        "state": {"values": typed | picked},
    }
    return {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": ADA, "team_id": TEAM}, "view": view}


async def test_a_form_that_comes_twice_starts_one_task(desk: Desk, temporal: Client) -> None:
    before = await handed_over(temporal)
    assert await desk.send(form("api servers have drifted", "single")) == {}
    assert await desk.send(form("api servers have drifted", "single")) == {}
    assert (await taken(temporal, before)).text == "single: api servers have drifted"


@pytest.mark.parametrize(
    ("words", "mode", "channel", "block"),
    [
        (" \n ", AS_SET, OPS, REQUEST_BLOCK),
        (None, AS_SET, OPS, REQUEST_BLOCK),
        ("api servers have drifted", "quorum", OPS, MODE_BLOCK),
        ("api servers have drifted", None, OPS, MODE_BLOCK),
        ("api servers have drifted", AS_SET, "", REQUEST_BLOCK),
    ],
)
async def test_a_form_that_says_nothing_starts_nothing(
    desk: Desk, temporal: Client, words: object, mode: object, channel: str, block: str
) -> None:
    before = await handed_over(temporal)
    answer = await desk.send(form(words, mode, channel=channel))
    assert list(answer["errors"]) == [block]
    assert "nothing was started" in answer["errors"][block].lower()
    assert await handed_over(temporal) == before


async def test_a_form_that_cannot_be_handed_over_says_so_and_stays(slack: Slack) -> None:
    nobody = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with open_desk(slack, nobody) as desk:
        answer = await desk.send(form("api servers have drifted", AS_SET))
    assert answer["response_action"] == "errors"
    assert answer["errors"][REQUEST_BLOCK].startswith("I could not take this: the workflow service did not answer")


async def test_nothing_is_handed_over_for_a_mode_that_is_none(desk: Desk, temporal: Client) -> None:
    before = await handed_over(temporal)
    said = await asked(desk, "ask --mode quorum production web servers have drifted")
    assert said["text"].startswith("There is no mode of that name, so nothing was started.")
    assert await handed_over(temporal) == before
