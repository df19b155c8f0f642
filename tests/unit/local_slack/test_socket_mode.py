"""Socket Mode: hello, acknowledgements, redelivery, several connections, and goodbyes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.local.slack.outbox import Patience
from tests.unit.local_slack.harness import OPS, Bot, Slack, actions, button, connected, running, until
from tools.contracts.common import JsonObject


async def open_url(slack: Slack) -> str:
    answer = await slack.call("apps.connections.open", token=slack.workspace.credentials.app_token)
    return str(answer["url"])


@asynccontextmanager
async def socket(slack: Slack) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """A bare socket, its hello already read."""
    async with slack.session.ws_connect(await open_url(slack)) as opened:
        assert (await opened.receive_json())["type"] == "hello"
        yield opened


async def envelopes(opened: aiohttp.ClientWebSocketResponse, count: int) -> list[JsonObject]:
    return [await opened.receive_json(timeout=3) for _ in range(count)]


async def test_hello_and_ping(slack: Slack) -> None:
    async with slack.session.ws_connect(await open_url(slack)) as opened:
        hello = await opened.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"]["app_id"] == "A0GAVEL001"
        await opened.ping(b"still there?")
        await slack.say("hi")
        assert (await opened.receive_json(timeout=3))["type"] == "events_api"


async def test_a_url_opens_one_socket_once(slack: Slack) -> None:
    url = await open_url(slack)
    async with slack.session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await slack.session.ws_connect(url)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await slack.session.ws_connect(url.replace("ticket=", "ticket=forged"))


async def test_a_mention_comes_as_message_and_as_app_mention(slack: Slack, bot: Bot) -> None:
    ts = await slack.say("@gavel fix it")
    await until(lambda: len(bot.heard) == 2)
    (message,), (mention,) = bot.events("message"), bot.events("app_mention")
    assert message["text"] == mention["text"] == "<@U0GAVEL001> fix it"
    assert (message["ts"], message["channel"], message["channel_type"]) == (ts, OPS, "channel")
    assert bot.heard[0]["event_id"] != bot.heard[1]["event_id"]
    assert bot.heard[0]["authorizations"][0]["user_id"] == "U0GAVEL001"
    assert (await slack.look("stats"))["envelopes_acked"] == 2


async def test_an_event_that_is_not_acknowledged_is_redelivered_with_its_event_id(slack: Slack) -> None:
    async with socket(slack) as opened:
        await slack.say("hi")
        seen = await envelopes(opened, 4)
        assert [each["retry_attempt"] for each in seen] == [0, 1, 2, 3]
        assert [each["retry_reason"] for each in seen] == ["", "timeout", "timeout", "timeout"]
        assert len({each["payload"]["event_id"] for each in seen}) == 1
        assert len({each["envelope_id"] for each in seen}) == 4
        await until(lambda: given_up(slack, 1))


async def given_up(slack: Slack, count: int) -> bool:
    return (await slack.look("stats"))["events_given_up"] == count


async def test_a_late_acknowledgement_ends_the_redelivery(tmp_path: Path) -> None:
    async with running(tmp_path, patience=Patience(ack=0.1, retries=(0.3, 5))) as slack, socket(slack) as opened:
        await slack.say("hi")
        (first,) = await envelopes(opened, 1)
        await asyncio.sleep(0.2)  # past the deadline, before the redelivery
        await opened.send_json({"envelope_id": first["envelope_id"]})
        await asyncio.sleep(0.4)
        stats = await slack.look("stats")
        assert (stats["envelopes_sent"], stats["envelopes_acked"], stats["events_given_up"]) == (1, 1, 0)


async def test_what_is_no_acknowledgement_is_ignored(slack: Slack) -> None:
    async with socket(slack) as opened:
        for junk in ("", "nonsense", "[]", '{"envelope_id": "forged"}', '{"envelope_id": 5}'):
            await opened.send_str(junk)
        await slack.say("hi")
        (envelope,) = await envelopes(opened, 1)
        await opened.send_json({"envelope_id": envelope["envelope_id"], "payload": "no object"})
        await until(lambda: acked(slack, 1))


async def acked(slack: Slack, count: int) -> bool:
    return (await slack.look("stats"))["envelopes_acked"] == count


async def test_an_event_waits_for_a_connection(tmp_path: Path) -> None:
    async with running(tmp_path, patience=Patience(ack=0.3, retries=(0.0, 0.5))) as slack:
        await slack.say("hi")
        async with connected(slack) as bot:
            await until(lambda: len(bot.heard) == 1)


async def test_each_payload_goes_to_one_of_several_connections(slack: Slack) -> None:
    async with socket(slack) as one, socket(slack) as other:
        for number in range(4):
            await slack.say(str(number))
        texts = [each["payload"]["event"]["text"] for opened in (one, other) for each in await envelopes(opened, 2)]
        assert sorted(texts) == ["0", "1", "2", "3"]


async def test_an_eleventh_connection_is_sent_away(slack: Slack) -> None:
    opened = [await slack.session.ws_connect(await open_url(slack)) for _ in range(10)]
    async with slack.session.ws_connect(await open_url(slack)) as too_many:
        assert await too_many.receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}
    for each in opened:
        await each.close()


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_disconnect_message_makes_the_sdk_reconnect(slack: Slack, bot: Bot, reason: str) -> None:
    assert (await slack.act("faults", disconnect=reason))["sockets_asked_to_leave"] == 1
    await slack.say("hi")
    await until(lambda: len(bot.heard) == 1)


async def test_a_socket_asked_to_leave_gets_nothing_more(slack: Slack) -> None:
    async with socket(slack) as old:
        await slack.act("faults", disconnect="warning")
        assert (await old.receive_json())["reason"] == "warning"
        async with socket(slack) as new:
            await slack.say("hi")
            assert (await envelopes(new, 1))[0]["type"] == "events_api"


async def test_dropped_sockets_lose_nothing(tmp_path: Path) -> None:
    patience = Patience(ack=0.5, retries=(0.0, 2.0, 2.0, 2.0))
    async with running(tmp_path, patience=patience) as slack, connected(slack) as bot:
        assert (await slack.act("faults", drop_sockets=True))["sockets_dropped"] == 1
        assert (await slack.look("state"))["connections"] == 0, "a broken one is not counted until its end"
        await slack.say("hi")
        await until(lambda: len(bot.heard) >= 1, seconds=15)


async def test_a_silent_app_shows_operation_timeout_to_the_clicker(slack: Slack) -> None:
    ts = await slack.post(blocks=[actions(button("go"))])
    async with socket(slack) as opened:
        answer = await slack.act("click", user="ada", channel=OPS, message_ts=ts, action_id="go")
        assert (answer["ok"], answer["error"]) == (False, "operation_timeout")
        envelopes_seen = (await slack.look("stats", envelopes="20"))["envelopes"]
        clicks = [each for each in envelopes_seen if each["kind"] == "interactive"]
        assert len(clicks) == 1  # a click is not redelivered
        assert not opened.closed


async def test_commands_and_clicks_may_carry_a_response(slack: Slack) -> None:
    async with socket(slack) as opened:
        asked = asyncio.create_task(slack.act("command", user="ada", channel=OPS, text="help"))
        (envelope,) = await envelopes(opened, 1)
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert "retry_attempt" not in envelope
        await opened.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "here is help"}})
        assert (await asked)["acked"] is True
