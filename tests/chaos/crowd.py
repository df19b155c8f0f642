"""People at work while everything fails: they ask, decide as they meant to, and try again when nobody answers them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import aiohttp
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from bot.blocks.actions import APPROVE, REJECT
from bot.local.estate import tables
from bot.local.estate.engine import open_engine, writing
from bot.local.stage import Said, StageError
from bot.workflows.task import TaskWorkflow
from tests.chaos.arena import Arena
from tests.whole.rejecting import reject
from tools.connectors.base import EstateError

T = TypeVar("T")

Intent = Literal["approve", "reject", "leave"]
"""What will be decided. `leave`: nobody decides, and the task waits."""

MOST_OF_A_GROUP = 5
NOT_SAID = frozenset({"node"})
"""Roles that the rehearsal models do not take for one."""

LOOK_AGAIN_SECONDS = 2.0
AWAY = (aiohttp.ClientError, StageError, TimeoutError, RPCError, OSError, EstateError, SQLAlchemyError)
"""What asking a server raises that is away just now."""


@dataclass(frozen=True)
class Group:
    environment: str
    role: str
    assets: tuple[str, ...]


@dataclass
class Request:
    """One thing that somebody asked for, and what was done about it."""

    said: Said
    task: str
    group: Group
    intent: Intent
    own_click: bool
    """The asker approves first, which must count for nothing."""
    approved: bool = False
    """Somebody who may has pressed Approve, and Slack took it."""
    rejected: bool = False

    @property
    def decided(self) -> bool:
        return self.approved or self.rejected


@dataclass
class Crowd:
    arena: Arena
    dice: random.Random
    groups: list[Group]
    """Of which nobody has asked anything yet, or whose task has ended."""
    requests: list[Request] = field(default_factory=list[Request])
    left: int = 0

    async def work(self, *, at_once: int, over: asyncio.Event) -> None:
        """Ask, `at_once` at a time, until it is over; return when what was asked has ended or been left to wait."""
        await asyncio.gather(*(self._one_after_the_other(over) for _ in range(at_once)))

    async def _one_after_the_other(self, over: asyncio.Event) -> None:
        while not over.is_set() and self.groups:
            group = self.groups.pop(self.dice.randrange(len(self.groups)))
            intents: list[Intent] = ["approve", "approve", "approve", "reject"]
            if self.left < 3:
                intents.append("leave")
            intent = self.dice.choice(intents)
            self.left += intent == "leave"
            await persistently(lambda group=group: self._drift(group))
            request = await self._ask(group, intent)
            await self._follow(request)
            if intent != "leave":
                self.groups.append(group)

    async def _drift(self, group: Group) -> None:
        """Put the group's servers on an image that its family had before the golden one."""
        org = self.arena.town.stack.org
        fleet = await self.arena.town.estate.snapshot(org)
        engine, row = open_engine(self.arena.town.stack.estate), tables.assets.c
        try:
            async with writing(engine) as connection:
                for asset_id in group.assets:
                    family = fleet[asset_id].image_family
                    versions = Counter(asset.image_version for asset in fleet.values() if asset.image_family == family)
                    # The golden one is what most of them run.
                    where = (row.org_id == org) & (row.id == asset_id)
                    earlier = versions.most_common()[-1][0]
                    await connection.execute(update(tables.assets).where(where).values(image_version=earlier))
        finally:
            await engine.dispose()

    async def _ask(self, group: Group, intent: Intent) -> Request:
        words = f"@gavel {group.environment} {group.role} servers have drifted, fix it, wait 0 seconds"
        said = await persistently(lambda: self.arena.town.stage.say("ada", "ops", words))
        request = Request(
            said,
            f"{self.arena.town.stack.org}.{said.channel}.{said.ts}",
            group,
            intent,
            self.dice.random() < 0.25,
        )
        self.requests.append(request)
        return request

    async def _follow(self, request: Request) -> None:
        """Until the task has ended, or is left to wait."""
        while not await self.ended(request):
            await asyncio.sleep(0.5)
            card = await self._card(request)
            if card is None:
                continue
            if request.intent == "leave":
                return
            with suppress(*AWAY):  # nobody answered: they look again, and press again
                await self._decide(request, card)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _decide(self, request: Request, card: dict[str, Any]) -> None:
        stage = self.arena.town.stage
        if request.own_click:
            await stage.click("ada", request.said.channel, card["ts"], APPROVE)
            request.own_click = False
        elif request.intent == "approve":
            # Before it is known whether Slack's answer comes: a click counts although its acknowledgement was lost.
            request.approved = True
            await stage.click("grace", request.said.channel, card["ts"], APPROVE)
        else:
            request.rejected = True
            await reject(stage, "grace", request.said, card, words="Not today.")

    async def _card(self, request: Request) -> dict[str, Any] | None:
        """The plan that is on offer to Grace."""
        try:
            thread = await self.arena.town.stage.thread(request.said, "grace")
        except (KeyError, *AWAY):  # it answers, but not yet with threads
            return None
        found = [message for message in thread if f"'{APPROVE}'" in str(message) and f"'{REJECT}'" in str(message)]
        return found[-1] if found else None

    async def ended(self, request: Request) -> bool:
        status = await self.status(request)
        return status is not None and status is not WorkflowExecutionStatus.RUNNING

    async def status(self, request: Request) -> WorkflowExecutionStatus | None:
        """None: there is no such task."""
        handle = self.arena.town.temporal.get_workflow_handle_for(TaskWorkflow.run, request.task)
        while True:
            try:
                return (await handle.describe()).status
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                await asyncio.sleep(0.5)


async def groups_of(arena: Arena) -> list[Group]:
    """What can be asked about: running servers with an image, of one environment and role."""
    fleet = await arena.town.estate.snapshot(arena.town.stack.org)
    found: dict[tuple[str, str], list[str]] = {}
    for name, asset in fleet.items():
        if asset.image_version and asset.state == "running" and (role := asset.tags.get("role")):
            found.setdefault((asset.environment, role), []).append(name)
    return [
        Group(environment, role, tuple(sorted(names)))
        for (environment, role), names in sorted(found.items())
        if len(names) <= MOST_OF_A_GROUP and role not in NOT_SAID
    ]


async def persistently(work: Callable[[], Awaitable[T]]) -> T:
    """Again and again while a server is away."""
    while True:
        try:
            return await work()
        except AWAY:
            await asyncio.sleep(0.5)
