"""The local workspace as the demo plays it: people say, click and read, through the workspace's control API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp


class StageError(Exception):
    """Something that had to happen did not. The demo then ends with exit status 1."""


@dataclass(frozen=True)
class Said:
    """A message somebody posted: the root of a task's thread."""

    channel: str
    ts: str


@dataclass(frozen=True)
class Stage:
    http: aiohttp.ClientSession
    base: str
    """`http://127.0.0.1:…/`."""
    patience: float = 1
    """How many times as long things may take: real models think longer than rehearsal models."""

    async def until_listened_to(self, *, seconds: float) -> None:
        """Until an app holds a socket: what is said before that Slack delivers when it tries again, a minute later.

        Raises :class:`StageError` after `seconds`.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            async with self.http.get(f"{self.base}local/state") as response:
                body: dict[str, Any] = await response.json()
            if body["connections"]:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise StageError(f"The bot did not connect within {seconds:.0f} s.")
            await asyncio.sleep(0.05)

    async def say(self, user: str, channel: str, text: str, *, thread: Said | None = None) -> Said:
        """`thread`: as a reply in it; None: in the channel itself."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread.ts if thread else None}
        answer = await self._post("say", body)
        return Said(channel=str(answer["channel"]), ts=str(answer["ts"]))

    async def alert(self, channel: str, attachments: list[dict[str, Any]]) -> Said:
        answer = await self._post("alert", {"channel": channel, "attachments": attachments})
        return Said(channel=str(answer["channel"]), ts=str(answer["ts"]))

    async def click(self, user: str, channel: str, message_ts: str, action_id: str) -> dict[str, Any]:
        return await self._post(
            "click", {"user": user, "channel": channel, "message_ts": message_ts, "action_id": action_id}
        )

    async def view(self, user: str) -> dict[str, Any] | None:
        """The modal in front of this person, if any."""
        async with self.http.get(f"{self.base}local/state", params={"viewer": user}) as response:
            body: dict[str, Any] = await response.json()
        view: dict[str, Any] | None = body["view"]
        return view

    async def until_view(self, user: str, *, seconds: float, what: str) -> dict[str, Any]:
        """The modal as soon as there is one. Raises :class:`StageError` after `seconds`."""
        seconds *= self.patience
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            view = await self.view(user)
            if view is not None:
                return view
            if asyncio.get_running_loop().time() > deadline:
                raise StageError(f"{what} did not happen within {seconds:.0f} s.")
            await asyncio.sleep(0.1)

    async def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
        """Press the modal's button. `values`: block id, action id, what was typed or chosen.

        The sentence under each field that was refused, by block id; empty when it was accepted. Raises
        :class:`StageError` when the app did not answer.
        """
        body = {"user": user, "view_id": view_id, "values": values}
        async with self.http.post(f"{self.base}local/submit_view", json=body) as response:
            answer: dict[str, Any] = await response.json()
        errors: dict[str, str] = answer.get("errors") or {}
        if not answer.get("ok") and not errors:
            raise StageError(f"The workspace refused to submit the form: {answer}")
        return errors

    async def close_view(self, user: str, view_id: str) -> None:
        """Press the modal's other button."""
        await self._post("close_view", {"user": user, "view_id": view_id})

    async def fault(self, **faults: Any) -> None:
        """Make something go wrong, or right again: the fields of `bot.local.slack.faults.FaultRequest`."""
        await self._post("faults", faults)

    async def delivery(self, **patience: Any) -> None:
        """How Slack delivers from now on: the fields of `bot.local.slack.control_models.Delivery`."""
        await self._post("delivery", patience)

    async def roles(self, usergroup: str, people: list[str]) -> None:
        """Who is in a user group from now on."""
        await self._post("usergroup", {"usergroup": usergroup, "users": people})

    async def thread(self, said: Said, viewer: str) -> list[dict[str, Any]]:
        """The thread as this person sees it, ephemeral messages included."""
        params = {"channel": said.channel, "ts": said.ts, "viewer": viewer}
        async with self.http.get(f"{self.base}local/thread", params=params) as response:
            body: dict[str, Any] = await response.json()
        messages: list[dict[str, Any]] = body["messages"]
        return messages

    async def until(self, said: Said, viewer: str, *, has: str, seconds: float, what: str) -> dict[str, Any]:
        """The newest message whose text or buttons hold `has`. Raises :class:`StageError` after `seconds`."""
        seconds *= self.patience
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = [message for message in await self.thread(said, viewer) if has in _readable(message)]
            if found:
                return found[-1]
            if asyncio.get_running_loop().time() > deadline:
                raise StageError(f"{what} did not happen within {seconds:.0f} s.")
            await asyncio.sleep(0.2)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.http.post(f"{self.base}local/{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
        if response.status != 200 or not answer.get("ok"):
            raise StageError(f"The workspace refused {path}: {answer}")
        return answer


def _readable(message: dict[str, Any]) -> str:
    """Text and blocks as one string to look for things in."""
    return f"{message.get('text', '')}\n{message.get('blocks', '')}"
