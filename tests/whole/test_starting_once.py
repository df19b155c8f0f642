"""What Slack delivers again, what is edited, and what nobody asked: nothing is started twice, or at all."""

from __future__ import annotations

import asyncio

from bot.blocks.actions import APPROVE
from bot.local.stage import Said
from tests.whole.square import QUESTION, Square

MENTION = "<@U0GAVEL001>"


async def test_an_event_whose_acknowledgement_was_lost_starts_nothing_twice(square: Square) -> None:
    before = await square.tasks()
    async with square.impatient(), square.faults(lose_next_acks=2):  # its message event's and its mention's
        said = await square.say("ada", "ops", "@gavel hello again")
        await square.hears(said, QUESTION)
        await square.delivered("app_mention", attempt=1)
    assert await square.tasks() - before == {square.task(said)}
    assert len(await square.recorded(said, "task_received")) == 1
    assert sum(QUESTION in message["text"] for message in square.written_to(said)) == 1


async def test_what_is_no_request_starts_nothing(square: Square) -> None:
    asked = await square.say("ada", "ops", "@gavel hi there")
    await square.hears(asked, QUESTION)
    alert = await _app(square, "alerts", "web servers in production have drifted")
    await square.hears(alert, "Working on it", viewer="linus")
    before = await square.tasks()

    await square.act("edit", user="ada", channel="ops", ts=asked.ts, text="@gavel hi there, all")
    chatter = await square.say("ada", "ops", "production web servers have drifted, fix it")
    await square.act("edit", user="ada", channel="ops", ts=chatter.ts, text="@gavel production web drifted, fix it")
    await square.act("delete", user="ada", channel="ops", ts=chatter.ts)
    await _app(square, "ops", f"{MENTION} production web servers have drifted, fix it")
    await square.say("linus", "alerts", "production web servers have drifted, fix it")
    await square.say("linus", "alerts", "somebody fix it", thread=alert)
    await _app(square, "alerts", "still firing: web servers in production have drifted", thread_ts=alert.ts)
    command = await square.act("command", user="ada", channel="alerts", text="ask hello")

    assert command["acked"]  # the bot's own message opens its thread, in an alert channel at that
    last = await square.say("ada", "ops", "@gavel bye")
    await square.hears(last, QUESTION)
    new = await square.tasks() - before - {square.task(last)}
    assert len(new) == 1, new
    assert ".alerts." not in str(new)
    assert "C0ALERTS01" in str(new)


async def test_a_lost_click_is_told_and_of_many_others_one_decides_and_the_rest_are_told(square: Square) -> None:
    drifted = await square.images("development", "web")
    said = await square.command("ada", "fix drift in development web servers")
    card = await square.hears(said, f"'{APPROVE}'", viewer="grace")
    click = {"channel": said.channel, "message_ts": card["ts"], "action_id": APPROVE}
    async with square.without("temporal"):  # Slack does not send a click again
        assert (await square.act("click", user="grace", **click))["ok"]
        lost = await square.hears(said, "the workflow service did not answer", viewer="grace")
        assert lost["ephemeral_to"] == "U0GRACE001"
    who = ["grace", "grace", "linus"]
    clicked = await asyncio.gather(*(square.act("click", user=user, **click) for user in who))
    assert [answer["ok"] for answer in clicked] == [True, True, True]
    result = await square.result(said)
    assert (result.outcome, len(result.approvers)) == ("completed", 1)
    assert len(await square.recorded(said, "decision_accepted")) == 1
    assert len(await square.recorded(said, "decision_refused")) == 2
    told = [message["ephemeral_to"] for message in square.written_to(said) if "It was not counted" in message["text"]]
    expected = ["U0GRACE001", "U0GRACE001", "U0LINUS001"]
    expected.remove(result.approvers[0])
    assert sorted(told) == expected
    assert len(set((await square.images("development", "web")).values())) == 1 < len(set(drifted.values()))
    started = [entry["phase"] for entry in await square.recorded(said, "phase_started")]
    assert len(started) == len(set(started)) > 0


async def _app(square: Square, channel: str, text: str, **more: str) -> Said:
    """Another app, such as Alertmanager, posts."""
    answer = await square.act("alert", channel=channel, text=text, **more)
    assert answer["ok"], answer
    return Said(str(answer["channel"]), str(answer["ts"]))
