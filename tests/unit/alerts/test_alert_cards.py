"""The cards of alerts in Slack: what it does not take as a card it is given as words, and nothing is said twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import build_client
from bot.pacing import Pacer
from bot.thread import SlackRefused, ThreadWriter
from bot.workflows.activities.alert_cards import AlertCards
from bot.workflows.messages.triage import AlertFace, ShowAlertsInput, StormFace, WorseInput
from tests.logs import logged_here
from tests.unit.alerts.test_desk_bounds import entry_of
from tests.unit.local_slack.harness import ALERTS, TEAM, Slack, running
from tools.contracts.common import JsonObject

ENTRY = replace(entry_of("T1", 1, title="disk full on <web-1>"), channel=ALERTS)
STORM = StormFace(
    id="s1",
    began_at=ENTRY.opened_at,
    alerts=11,
    firing=10,
    count=40,
    critical=1,
    groups=3,
    running=1,
    done=0,
    waiting=2,
    skipped=0,
    worst=["disk"],
    left_out=0,
    over=False,
    card_ts="",
    known_before=False,
)
SHOW = ShowAlertsInput("T1", ALERTS, [], None)
NAMES = ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long")


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    async with running(tmp_path) as workspace:
        yield workspace


@pytest.fixture
def cards(slack: Slack) -> AlertCards:
    client = build_client(api_url=f"{slack.base}/api/", bot_token=slack.workspace.credentials.bot_token)
    return AlertCards(ThreadWriter(client, bot_id=slack.workspace.team.bot_id, pacer=Pacer()), TEAM)


async def alarmed(slack: Slack) -> AlertFace:
    """A monitor's message, and how its alert's card is to be written under it."""
    ts = str((await slack.act("alert", text="disk full"))["ts"])
    entry = replace(ENTRY, message_ts=ts)
    return AlertFace(entry, "Being looked into, below.", ts, "", known_before=False, may_be_asked=True)


async def written(slack: Slack, face: AlertFace) -> list[JsonObject]:
    return (await slack.thread(face.entry.message_ts, channel=ALERTS))[1:]


@pytest.mark.parametrize("name", NAMES)
async def test_a_card_that_slack_does_not_take_is_written_in_plain_text(
    slack: Slack, cards: AlertCards, name: str
) -> None:
    face = await alarmed(slack)
    await slack.act("faults", refuse_blocks=name)
    with logged_here() as logs:
        placed = await cards.show(SHOW, face, again=False)
    assert (placed.error, placed.thread_ts) == ("", face.thread_ts)
    [said] = await written(slack, face)
    assert said["ts"] == placed.card_ts
    assert said["text"] == "Firing: disk full on &lt;web-1&gt; (warning). Being looked into, below."
    assert said["blocks"] == []
    [told] = [log for log in logs if log["log_level"] == "warning"]
    assert "plain text" in told["event"]
    assert name in told["reason"]


async def test_its_next_news_is_a_card_again_and_an_edit_that_is_refused_says_it_too(
    slack: Slack, cards: AlertCards
) -> None:
    face = await alarmed(slack)
    placed = await cards.show(SHOW, face, again=False)
    now = replace(face, card_ts=placed.card_ts, note="Looked into: reported.")
    await slack.act("faults", refuse_blocks="invalid_blocks")
    assert await cards.show(SHOW, now, again=False) == placed
    [said] = await written(slack, face)
    assert (said["blocks"], "Looked into: reported." in said["text"]) == ([], True)
    await slack.act("faults", refuse_blocks="")
    assert await cards.show(SHOW, now, again=False) == placed
    [said] = await written(slack, face)
    assert said["blocks"], "a card again"


async def test_an_attempt_after_one_of_which_nothing_is_known_writes_no_second_one(
    slack: Slack, cards: AlertCards
) -> None:
    face = await alarmed(slack)
    await slack.act("faults", refuse_blocks="invalid_blocks")
    first = await cards.show(SHOW, face, again=False)
    assert await cards.show(SHOW, face, again=True) == first
    assert len(await written(slack, face)) == 1


async def test_what_slack_refuses_for_another_reason_is_tried_again_later(slack: Slack, cards: AlertCards) -> None:
    face = await alarmed(slack)
    placed = await cards.show(replace(SHOW, channel="C0NOWHERE1"), face, again=False)
    assert (placed.error, placed.card_ts) == ("channel_not_found", "")
    assert await written(slack, face) == []


async def test_without_a_message_of_a_monitor_the_words_open_the_thread(slack: Slack, cards: AlertCards) -> None:
    face = AlertFace(replace(ENTRY, message_ts=""), "", "", "", known_before=False)
    await slack.act("faults", refuse_blocks="msg_too_long")
    placed = await cards.show(SHOW, face, again=False)
    assert placed.thread_ts == placed.card_ts != ""


async def test_a_storm_is_told_in_plain_text_too(slack: Slack, cards: AlertCards) -> None:
    await slack.act("faults", refuse_blocks="invalid_blocks")
    ts = await cards.show_storm(SHOW, STORM, again=False)
    messages = (await slack.look("channel", channel=ALERTS))["messages"]
    [said] = [each for each in messages if each["ts"] == ts]
    assert (said["blocks"], said["text"].startswith("11 alerts in one storm: 10 firing, 1 critical.")) == ([], True)
    assert await cards.show_storm(SHOW, replace(STORM, card_ts=ts), again=False) == ts
    assert await cards.show_storm(replace(SHOW, channel="C0NOWHERE1"), STORM, again=False) == ""


async def test_that_it_got_worse_is_said_once_in_the_thread(slack: Slack, cards: AlertCards) -> None:
    face = await alarmed(slack)
    worse = WorseInput(replace(face.entry, severity="critical"), "warning", face.thread_ts, 1)
    for _ in range(2):
        await cards.tell_worse(worse)
    [said] = await written(slack, face)
    assert "it is critical now, and was warning when I began" in said["text"]
    assert "&lt;web-1&gt;" in said["text"]
    with pytest.raises(SlackRefused):
        await cards.tell_worse(replace(worse, entry=replace(worse.entry, channel="C0NOWHERE1")))
