"""The Files button: who presses it gets the task's files into the thread, or a sentence why not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.blocks import sentences
from bot.blocks.message import sentence
from bot.desks import FileDesk, NotDone
from bot.listeners.clicks import Tell
from bot.listeners.orgs import org_of
from bot.roles import RoleDirectory, RolesUnavailable
from bot.thread import ThreadRef

NOT_KNOWN = "I could not ask Slack who you are to Gavel, so nothing was posted. Press it again in a minute."


@dataclass(frozen=True)
class FileDoor:
    """What the listener leads to."""

    desk: FileDesk
    roles: RoleDirectory


@dataclass(frozen=True)
class FileListeners:
    """Slack is answered at once; making and uploading takes longer than the three seconds it gives."""

    door: FileDoor
    org: str | None
    tell: Tell
    _working: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])
    """Task id → its files are being made: who presses again meanwhile presses in vain."""

    async def on_files(self, body: dict[str, Any]) -> None:
        """Returns before the files are there. What comes of it is in the thread, or told to the clicker."""
        task_id = str(body["actions"][0].get("value", ""))
        org = org_of(body, self.org)
        channel = str(body["channel"]["id"])
        # A button lives in the channel of its task: another task's id in its value is none of ours.
        if not task_id.startswith(f"{org}.{channel}."):
            await self.tell(body, sentences.click_unreadable())
            return
        if task_id in self._working:
            return
        work = self._working[task_id] = asyncio.create_task(self._work(body, org, task_id, channel))
        work.add_done_callback(lambda _: self._working.pop(task_id, None))

    async def _work(self, body: dict[str, Any], org: str, task_id: str, channel: str) -> None:
        message: dict[str, Any] = body.get("message") or {}
        user = str(body["user"]["id"])
        thread = ThreadRef(team=org, channel=channel, thread_ts=str(message.get("thread_ts") or message.get("ts")))
        try:
            roles = await self.door.roles.roles_of(user)
            await self.door.desk.post(org=org, task_id=task_id, thread=thread, user=user, may_all=bool(roles))
        except NotDone as error:
            await self.tell(body, sentence(str(error)))
        except RolesUnavailable:
            await self.tell(body, sentence(NOT_KNOWN))
        except Exception as error:  # nobody waits for this task: what broke is told and logged, or it is lost
            structlog.get_logger("gavel.slack").error("A task's files could not be made.", exc_info=error)
            await self.tell(body, sentence("Something in me is broken, so no file was posted; the log says what."))
