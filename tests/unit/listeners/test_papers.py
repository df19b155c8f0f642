"""The Files button leads to the files of its own channel's tasks, once at a time, and what goes wrong is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.blocks import sentences
from bot.blocks.actions import FILES
from bot.blocks.message import Message, sentence
from bot.desks import NotDone
from bot.listeners.papers import FileDoor, FileListeners
from bot.roles import ListedRoles
from bot.thread import ThreadRef

ORG, CHANNEL = "T0ACME", "C0OPS"
TASK = f"{ORG}.{CHANNEL}.1700000000.000100"


@dataclass
class Papers:
    """Remembers what it is asked for. Implements `bot.desks.FileDesk`."""

    asked: list[tuple[str, str, ThreadRef, str, bool]] = field(
        default_factory=list[tuple[str, str, ThreadRef, str, bool]]
    )
    told: list[Message] = field(default_factory=list[Message])
    fails: Exception | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, *, org: str, task_id: str, thread: ThreadRef, user: str, may_all: bool) -> None:
        self.asked.append((org, task_id, thread, user, may_all))
        await self.go.wait()
        if self.fails is not None:
            raise self.fails

    async def tell(self, body: dict[str, Any], message: Message) -> None:
        del body
        self.told.append(message)

    @property
    def listeners(self) -> FileListeners:
        door = FileDoor(self, ListedRoles({"viewer": frozenset({"UVIEWER"})}))
        return FileListeners(door, ORG, self.tell)


def click(task_id: str = TASK, *, user: str = "UADA", channel: str = CHANNEL) -> dict[str, Any]:
    return {
        "team": {"id": ORG},
        "user": {"id": user},
        "channel": {"id": channel},
        "message": {"ts": "1700000001.000100", "thread_ts": "1700000000.000100"},
        "actions": [{"action_id": FILES, "value": task_id}],
    }


async def rest() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_presses_gets_their_own_and_who_has_a_role_gets_any() -> None:
    papers = Papers()
    papers.go.set()
    listeners = papers.listeners
    for user in ("UADA", "UVIEWER"):
        await listeners.on_files(click(user=user))
        await rest()
    thread = ThreadRef(team=ORG, channel=CHANNEL, thread_ts="1700000000.000100")
    assert papers.asked == [(ORG, TASK, thread, "UADA", False), (ORG, TASK, thread, "UVIEWER", True)]
    assert papers.told == []


@pytest.mark.parametrize(
    "task_id",
    [
        "",
        f"{ORG}.C0OTHER.1700000000.000100",
        f"T0OTHER.{CHANNEL}.1700000000.000100",
        f"{ORG}.{CHANNEL}",
        f"{ORG}.{CHANNEL}2.1700000000.000100",
        f" {TASK}",
    ],
)
async def test_a_value_that_is_no_task_of_this_org_and_channel_is_asked_of_nobody(task_id: str) -> None:
    papers = Papers()
    await papers.listeners.on_files(click(task_id))
    await rest()
    assert papers.asked == []
    assert papers.told == [sentences.click_unreadable()]


async def test_who_presses_again_while_they_are_made_presses_in_vain() -> None:
    papers = Papers()
    listeners = papers.listeners
    for _ in range(3):
        await listeners.on_files(click())
        await rest()
    assert len(papers.asked) == 1
    papers.go.set()
    await rest()
    await listeners.on_files(click())
    await rest()
    assert len(papers.asked) == 2


@pytest.mark.parametrize(
    ("fails", "said"),
    [(NotDone("Nothing yet."), "Nothing yet."), (ValueError("secret detail"), "Something in me is broken, so no file")],
)
async def test_what_goes_wrong_is_told_to_who_pressed(fails: Exception, said: str) -> None:
    papers = Papers(fails=fails)
    papers.go.set()
    await papers.listeners.on_files(click())
    await rest()
    (told,) = papers.told
    assert told.text.startswith(said)
    assert "secret" not in told.text
    assert told == sentence(told.text)
