"""What the app is told, and in which shape."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bot.local.slack.seed import DEFAULT_MANIFEST
from tests.unit.local_slack.harness import (
    ADA,
    ALERTS,
    BOT,
    GENERAL,
    OPS,
    TEAM,
    Bot,
    Slack,
    connected,
    running,
    section,
    until,
)

METADATA = {"event_type": "gavel_card", "event_payload": {"key": "k"}}


async def test_a_direct_message_is_message_im_and_no_mention(slack: Slack, bot: Bot) -> None:
    await slack.say("@gavel hello", channel="D0ADA00001")
    await until(lambda: len(bot.heard) == 1)
    (event,) = bot.events("message")
    assert (event["channel_type"], event["user"], event["team"]) == ("im", ADA, TEAM)
    assert bot.heard[0]["is_ext_shared_channel"] is False


async def test_a_reply_carries_its_thread(slack: Slack, bot: Bot) -> None:
    parent = await slack.say("one")
    await slack.say("two", user="grace", thread_ts=parent)
    await until(lambda: len(bot.heard) == 2)
    event = bot.events("message")[1]
    assert (event["thread_ts"], event["parent_user_id"]) == (parent, ADA)


async def test_the_bots_own_messages_and_updates_are_echoed(slack: Slack) -> None:
    async with connected(slack) as bot:
        ts = await slack.post(metadata=METADATA, blocks=[section("x")])
        await slack.call("chat.update", channel=OPS, ts=ts, text="changed")
        await slack.call("chat.delete", channel=OPS, ts=ts)
        records = (await slack.look("stats", envelopes="10"))["envelopes"]
        assert [each["event_type"] for each in records] == [
            "message",
            "message.message_changed",
            "message.message_deleted",
        ]
        # Bolt acknowledges what its own user did, and hides it from the listeners.
        await until(lambda: all_acked(slack, 3))
        assert bot.heard == []


async def all_acked(slack: Slack, count: int) -> bool:
    return (await slack.look("stats"))["envelopes_acked"] == count


async def test_a_persons_edit_is_message_changed_with_both_versions(slack: Slack, bot: Bot) -> None:
    ts = await slack.say("one")
    await slack.act("edit", user="ada", channel=OPS, ts=ts, text="two")
    await until(lambda: len(bot.heard) == 2)
    event = bot.events("message")[1]
    assert (event["subtype"], event["hidden"]) == ("message_changed", True)
    assert (event["previous_message"]["text"], event["message"]["text"]) == ("one", "two")
    assert event["message"]["edited"]["user"] == ADA
    assert (await slack.act("edit", user="grace", channel=OPS, ts=ts, text="three"))["ok"] is False


async def test_an_alert_is_a_bot_message_with_its_attachments(slack: Slack, bot: Bot) -> None:
    attachments = [{"color": "danger", "title": "[FIRING:1] HighErrorRate", "text": "web-prod-07"}]
    await slack.act("alert", channel="alerts", attachments=attachments)
    await until(lambda: len(bot.heard) == 1)
    (event,) = bot.events("message")
    assert (event["subtype"], event["bot_id"], event["username"]) == ("bot_message", "B0ALERTM01", "Alertmanager")
    assert (event["channel"], event["attachments"][0]["title"]) == (ALERTS, "[FIRING:1] HighErrorRate")
    assert "user" not in event


async def test_an_integrations_edit_of_its_alert_is_message_changed_with_both_versions(slack: Slack, bot: Bot) -> None:
    ts = (await slack.act("alert", channel="alerts", text="ALERT: disk is full"))["ts"]
    assert (await slack.act("alert", channel="alerts", text="RESOLVED: disk is full", ts=ts))["ts"] == ts
    await until(lambda: len(bot.heard) == 2)
    event = bot.events("message")[1]
    assert (event["subtype"], event["channel"]) == ("message_changed", ALERTS)
    assert (event["previous_message"]["text"], event["message"]["text"]) == (
        "ALERT: disk is full",
        "RESOLVED: disk is full",
    )
    assert (event["message"]["bot_id"], event["message"]["ts"]) == ("B0ALERTM01", ts)
    said = await slack.say("x", channel=ALERTS)
    assert (await slack.act("alert", channel="alerts", text="y", ts=said))["ok"] is False


async def test_an_ephemeral_message_is_no_event(slack: Slack, bot: Bot) -> None:
    await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="psst")
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 1)
    assert (await slack.look("stats"))["envelopes_sent"] == 1


async def test_a_channel_without_the_bot_is_silent(slack: Slack, bot: Bot) -> None:
    await slack.say("@gavel are you there?", channel=GENERAL)
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 1)
    assert bot.events("message")[0]["channel"] == OPS


async def test_only_subscribed_events_are_sent(tmp_path: Path) -> None:
    few = dataclasses.replace(
        DEFAULT_MANIFEST,
        events=frozenset({"app_mention", "reaction_added", "app_home_opened", "member_joined_channel"}),
    )
    async with running(tmp_path, manifest=few) as slack, connected(slack) as bot:
        ts = await slack.say("@gavel hi")
        await slack.act("react", user="ada", channel=OPS, ts=ts, name="thumbsup")
        await slack.act("home", user="ada")
        await slack.act("join", channel="general", user="gavel")
        await until(lambda: len(bot.heard) == 4)
        assert bot.events("message") == []
        assert bot.events("reaction_added")[0]["item"] == {"type": "message", "channel": OPS, "ts": ts}
        assert bot.events("app_home_opened")[0]["channel"] == "D0ADA00001"
        assert bot.events("member_joined_channel")[0]["user"] == BOT


async def test_ts_are_unique_and_increase(slack: Slack) -> None:
    stamps = [await slack.post(text=str(number)) for number in range(50)]
    assert len(set(stamps)) == 50
    assert stamps == sorted(stamps)
    assert all(len(stamp.partition(".")[2]) == 6 for stamp in stamps)


async def test_handles_become_mentions_and_the_rest_stays(slack: Slack) -> None:
    typed = "@gavel, @grace. @nobody me@ada.example @gavel-approvers <!channel> &lt;b&gt;"
    await slack.say(typed)
    text = (await slack.look("channel", channel=OPS))["messages"][0]["text"]
    assert text == ("<@U0GAVEL001>, <@U0GRACE001>. @nobody me@ada.example <!subteam^S0GAPPROVE> <!channel> &lt;b&gt;")


async def test_a_typed_message_has_the_rich_text_that_slacks_composer_makes(slack: Slack) -> None:
    ts = await slack.say("@gavel see <https://example.com|this> &amp; <!here>")
    (message,) = await slack.thread(ts)
    assert message["blocks"][0]["elements"][0]["elements"] == [
        {"type": "user", "user_id": BOT},
        {"type": "text", "text": " see "},
        {"type": "link", "url": "https://example.com", "text": "this"},
        {"type": "text", "text": " & "},
        {"type": "broadcast", "range": "here"},
    ]


async def test_a_person_cannot_post_where_they_are_not_or_nothing_at_all(slack: Slack) -> None:
    for body in (
        {"user": "ada", "channel": "D0GRACE001", "text": "x"},
        {"user": "ada", "channel": OPS, "text": "  "},
        {"user": "ada", "channel": OPS, "text": "x", "thread_ts": "1.1"},
        {"user": "nobody", "channel": OPS, "text": "x"},
        {"user": "ada", "channel": "nowhere", "text": "x"},
        {"user": "ada", "channel": OPS, "text": "x", "colour": "red"},
    ):
        answer = await slack.act("say", **body)
        assert answer["ok"] is False, body
    assert (await slack.look("channel", channel=OPS))["messages"] == []
