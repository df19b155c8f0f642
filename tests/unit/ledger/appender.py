"""Appends from a process of its own. Arguments: URL ANCHORS NAME COUNT. Says `ready` and waits for a line first."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from tests.unit.ledger.book import KEY, ORG


async def append(url: str, anchors: Path, name: str, *, count: int) -> None:
    await migrate(url)
    database = Database.open(url, lock_timeout_seconds=60)
    ledger = Ledger(database, FileAnchor(anchors, key=KEY), key=KEY)

    async def one(number: int) -> None:
        key = f"{name}-{number}"
        await ledger.record("tool_called", {"n": number}, org=ORG, task_id="t", actor="gavel", key=key)
        sys.stdout.write(f"{key}\n")
        sys.stdout.flush()

    # Both processes are up before either begins.
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    for start in range(0, count, 4):
        await asyncio.gather(*(one(number) for number in range(start, min(start + 4, count))))
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(append(sys.argv[1], Path(sys.argv[2]), sys.argv[3], count=int(sys.argv[4])))
