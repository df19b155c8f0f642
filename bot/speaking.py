"""How the listeners speak: to one person in a thread or in a channel, and in a form."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.blocks.message import Message
from bot.blocks.modal import Modal
from bot.desks import Whisper
from bot.listeners.clicks import Tell
from bot.listeners.opening import OPEN_SECONDS, TRIGGER_SECONDS, FormNotOpened, OpenForm
from bot.permits.time_left import seconds_left
from bot.slack_api import SlackApi, name_of


def teller(api: SlackApi) -> Tell:
    async def tell(body: dict[str, Any], message: Message) -> None:
        """An ephemeral message in the thread of the card that was clicked."""
        container: dict[str, Any] = body.get("container") or {}
        card: dict[str, Any] = body.get("message") or {}
        await api.api_call(
            "chat.postEphemeral",
            json={
                "channel": body["channel"]["id"],
                "user": body["user"]["id"],
                "thread_ts": card.get("thread_ts") or container.get("thread_ts"),
                "text": message.text,
                "blocks": message.blocks,
            },
        )

    return tell


def whisperer(api: SlackApi) -> Whisper:
    async def whisper(channel: str, user: str, message: Message) -> None:
        """In the channel, or in a direct message where the bot may not write there."""
        said = {"text": message.text, "blocks": message.blocks}
        try:
            await api.api_call("chat.postEphemeral", json={"channel": channel, "user": user, **said})
        except SlackApiError:
            opened = await api.api_call("conversations.open", json={"users": user})
            direct: dict[str, Any] = opened.get("channel") or {}
            await api.api_call("chat.postMessage", json={"channel": direct.get("id"), **said})

    return whisper


def opener(api: SlackApi) -> OpenForm:
    async def open_form(trigger_id: str, modal: Modal) -> None:
        try:
            async with asyncio.timeout(min(OPEN_SECONDS, seconds_left(TRIGGER_SECONDS))):
                await api.api_call("views.open", json={"trigger_id": trigger_id, "view": modal.view})
        except SlackApiError as error:
            # Sent again after its answer was lost: the form is open.
            if name_of(error) != "exchanged_trigger_id":
                raise FormNotOpened(f"Slack did not open the form: {error}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise FormNotOpened(f"Slack did not open the form: {error}") from error

    return open_form
