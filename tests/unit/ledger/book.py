"""A real ledger over a real database file and real anchor files, with a way to tamper with both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Draft, Entry, Head, seal
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from tools.contracts.common import JsonObject

KEY = b"a test key of thirty-two bytes .."
ORG = "T0ACME"


def forged(entry: Entry, *, after: Head, key: bytes, changed_key: str | None = None, body: str | None = None) -> Entry:
    """An entry with a proper hash under `key`, made from another."""
    draft = Draft(
        task_id=entry.task_id,
        kind=entry.kind,
        actor=entry.actor,
        at=entry.at,
        key=changed_key or entry.key,
        body=body or entry.body,
    )
    return seal(draft, org=entry.org, head=after, key=key)


@dataclass(frozen=True)
class Book:
    url: str
    database: Database
    anchor: FileAnchor
    anchor_directory: Path
    ledger: Ledger

    async def add(self, count: int, *, org: str = ORG, task_id: str = "task-1", start: int = 1) -> None:
        """Entries one by one, so that each has its own commit."""
        for number in range(start, start + count):
            await self.record({"step": number}, key=f"step-{number}", org=org, task_id=task_id)

    async def record(
        self, body: JsonObject, *, key: str, org: str = ORG, task_id: str = "task-1", actor: str = "gavel"
    ) -> None:
        await self.ledger.record("tool_called", body, org=org, task_id=task_id, actor=actor, key=key)

    async def entries(self, org: str = ORG) -> list[Entry]:
        return await self.ledger.show(org, limit=1000)

    async def body(self, key: str) -> JsonObject:
        (entry,) = [entry for entry in await self.entries() if entry.key == key]
        return json.loads(entry.body)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """What somebody with the database's password can do."""
        async with self.database.writing("tampering") as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def put_entry(self, entry: Entry) -> None:
        """Overwrite a row."""
        await self.sql("DELETE FROM ledger_entries WHERE org = :org AND seq = :seq", org=entry.org, seq=entry.seq)
        await self.sql(
            "INSERT INTO ledger_entries (org, seq, task_id, kind, actor, at, key, body, prev_hash, hash) "
            "VALUES (:org, :seq, :task_id, :kind, :actor, :at, :key, :body, :prev_hash, :hash)",
            **asdict(entry),
        )
