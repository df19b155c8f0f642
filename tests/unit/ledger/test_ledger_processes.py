"""Several real processes on one chain, and one that is killed in the middle."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

from tests.unit.ledger.book import ORG, Book


async def _start(book: Book, name: str, *, count: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.ledger.appender", book.url, str(book.anchor_directory), name, str(count),
        stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def _ready(process: Process) -> None:
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"


def _go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def test_two_processes_appending_at_once_leave_one_whole_chain(book: Book) -> None:
    processes = [await _start(book, name, count=200) for name in ("left", "right")]
    for process in processes:
        await _ready(process)
    for process in processes:
        _go(process)
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0], outputs
    found = await book.ledger.verify(ORG)
    assert (found.ok, found.entries, found.anchored_seq) == (True, 400, 400), found
    writers = [entry.key.split("-")[0] for entry in await book.entries()]
    changes = sum(before != after for before, after in itertools.pairwise(writers))
    print(f"the chain changed hands {changes} times")
    assert changes > 1, "the processes never wrote at the same time: this proves nothing"


async def test_a_killed_process_leaves_a_chain_that_verifies_and_goes_on(book: Book) -> None:
    process = await _start(book, "victim", count=100_000)
    await _ready(process)
    _go(process)
    assert process.stdout is not None
    recorded = [(await process.stdout.readline()).decode().strip() for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = await process.communicate()
    recorded += [line for line in rest.decode().splitlines(keepends=True) if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL

    found = await book.ledger.verify(ORG)
    assert found.ok, found
    keys = {row.key for row in await book.sql("SELECT key FROM ledger_entries")}
    assert {key.strip() for key in recorded} <= keys, "an entry was lost after record() returned"
    assert found.anchored_seq is not None
    assert found.anchored_seq >= len(recorded), "record() returned before the anchor moved"

    await book.record({}, key="after")
    after = await book.ledger.verify(ORG)
    assert (after.ok, after.entries, after.lag) == (True, found.entries + 1, 0)
