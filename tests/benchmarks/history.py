"""Weeks of an org's records in minutes: real tasks, copied under other names and times, by the product's own writer.

Every entry is sealed into the chain, the tasks' index and the request log are kept up, the anchor moves: only what
leads up to a write is left out. Tasks overlap, as they do where many people ask at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.ledger.anchor import Anchor
from bot.ledger.artifacts import COLUMNS, StoredArtifact, from_row, sealed
from bot.ledger.chain import Draft, Entry
from bot.ledger.database import Database
from bot.ledger.ledger import timestamp
from bot.ledger.requests import call_id
from bot.ledger.tables import AiRequestLog, Artifact, CouncilLabel, CouncilVote
from bot.ledger.writer import ChainWriter, Write
from tests.whole.town import Town

AT_ONCE = 25
"""Tasks whose entries lie between one another."""

BATCH = 1000
"""Entries of one commit."""

MEMBERS = ("opus", "gpt", "gemini", "mistral", "llama")


@dataclass(frozen=True)
class Template:
    """A real task: what it left in SQL."""

    task_id: str
    asker: str
    channel: str
    entries: tuple[Entry, ...]
    requests: tuple[dict[str, Any], ...]
    artifacts: tuple[StoredArtifact, ...]

    @property
    def entry_bytes(self) -> float:
        """Of one entry's body, on average."""
        return sum(len(entry.body.encode()) for entry in self.entries) / len(self.entries)

    @property
    def tokens(self) -> tuple[int, int]:
        """That were sent to models, and that they answered with."""
        sent, answered = (
            [int(request[f"{of}_tokens"] or 0) for request in self.requests] for of in ("prompt", "completion")
        )
        return sum(sent), sum(answered)

    @property
    def artifact_bytes(self) -> int:
        return sum(len(artifact.body.encode()) for artifact in self.artifacts)

    @property
    def until_it_waits(self) -> Template:
        """The same, up to where its plan waits for approval."""
        last = next(at for at, entry in enumerate(self.entries) if entry.kind == "approval_requested")
        return replace(self, entries=self.entries[: last + 1])


@dataclass(frozen=True)
class History:
    """What was written."""

    org: str
    tasks: Sequence[str]
    waiting: Sequence[str]
    people: Sequence[str]
    channels: Sequence[str]
    began: datetime
    ended: datetime
    entries: int
    calls: int
    seconds: float
    """That it took to write."""


async def template_of(town: Town, task: str, *, asker: str, channel: str) -> Template:
    """What the task left."""
    org = town.stack.org

    def read(connection: Connection) -> tuple[list[dict[str, Any]], list[StoredArtifact]]:
        calls = select(AiRequestLog.__table__).where(AiRequestLog.org == org, AiRequestLog.task_id == task)
        kept = select(*COLUMNS).where(Artifact.org == org, Artifact.task_id == task)
        return (
            [dict(row) for row in connection.execute(calls).mappings()],
            [from_row(row) for row in connection.execute(kept).mappings()],
        )

    requests, artifacts = await town.ledger.database.look(read)
    entries = await town.ledger.show(org, task_id=task, limit=1000)
    return Template(task, asker, channel, tuple(entries), tuple(requests), tuple(artifacts))


async def write_history(
    database: Database,
    anchor: Anchor,
    *,
    key: bytes,
    template: Template,
    entries: int,
    days: float,
    waiting: int,
    people: int,
    channels: int,
) -> History:
    """At least so many entries, evenly over the days before now, by so many people; the newest tasks wait."""
    org, dice, began = template.entries[0].org, random.Random("a history"), time.monotonic()
    persons = [f"U{number:08d}" for number in range(people)]
    rooms = [f"C{number:08d}" for number in range(channels)]
    short = template.until_it_waits
    whole = max(1, (entries - waiting * len(short.entries)) // len(template.entries))
    names = [f"{org}.{dice.choice(rooms)}.{1_700_000_000 + number}.000100" for number in range(whole + waiting)]
    ended = datetime.now(UTC)
    started = ended - timedelta(days=days)
    step = (ended - started) / len(names)
    writer = ChainWriter(database, anchor, key=key)
    kept = [Write(None, (sealed(artifact, key=key),)) for artifact in template.artifacts]
    if kept:
        await writer.write(org, kept)
    written = calls = 0
    for at in range(0, len(names), AT_ONCE):
        copies: list[Iterator[Write]] = []
        for number in range(at, min(at + AT_ONCE, len(names))):
            of = template if number < whole else short
            copies.append(_copy(of, names[number], person=dice.choice(persons), starts=started + number * step))
        batch = list(_between_one_another(copies))
        for start in range(0, len(batch), BATCH):
            await writer.write(org, batch[start : start + BATCH])
        written += len(batch)
        calls += sum(write.request is not None for write in batch)
    await database.transact("a history", lambda connection: _labels(connection, org, names[:whole], dice, ended))
    return History(org, names, names[whole:], persons, rooms, started, ended, written, calls, time.monotonic() - began)


def _copy(template: Template, name: str, *, person: str, starts: datetime) -> Iterator[Write]:
    first = datetime.fromisoformat(template.entries[0].at)
    channel = name.split(".")[1]
    # What stands for one thing only where it is whole: ids, which are long.
    others = ((template.task_id, name), (template.asker, person), (template.channel, channel))
    by_key = {f"llm:{request['key']}": request for request in template.requests}

    def renamed(text: str) -> str:
        for old, new in others:
            text = text.replace(old, new)
        return text

    for entry in template.entries:
        moment = starts + (datetime.fromisoformat(entry.at) - first)
        request = by_key.get(entry.key)
        if request is not None:
            key = renamed(request["key"])
            request = {
                **request,
                "id": call_id(entry.org, name, key),
                "task_id": name,
                "user_id": person,
                "key": key,
                "created_at": moment,
            }
        draft = Draft(
            name, entry.kind, renamed(entry.actor), timestamp(moment), renamed(entry.key), renamed(entry.body)
        )
        yield Write(draft, request=request)


def _between_one_another(copies: list[Iterator[Write]]) -> Iterator[Write]:
    while copies:
        for copy in list(copies):
            write = next(copy, None)
            if write is None:
                copies.remove(copy)
            else:
                yield write


def _labels(connection: Connection, org: str, tasks: Sequence[str], dice: random.Random, at: datetime) -> None:
    """What became of half of the plans, and how each member had voted."""
    proved = list(tasks[::2])
    for start in range(0, len(proved), 500):
        labels: list[dict[str, Any]] = []
        votes: list[dict[str, Any]] = []
        for task in proved[start : start + 500]:
            right = dice.random() < 0.9
            item = {"org": org, "task_id": task, "item": "plan:r1"}
            labels.append(
                {
                    **item,
                    "agent": "drift",
                    "kind": "plan",
                    "right": right,
                    "source": "run",
                    "margin": 0.8,
                    "created_at": at,
                }
            )
            votes += [{**item, "member": member, "agreed": True, "right": right} for member in MEMBERS]
        connection.execute(insert(CouncilLabel), labels)
        connection.execute(insert(CouncilVote), votes)
