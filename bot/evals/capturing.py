"""Takes a finished task out of the ledger and writes its case beside the others."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from bot.commands import prepared
from bot.evals.capture import Captured, NotCaptured, Recorded, capture
from bot.evals.cases import CaseError, load_cases
from bot.keys import load_keys
from bot.ledger.ledger import Ledger
from bot.opening import open_ledger
from bot.settings import Settings


async def capture_into(folder: Path, task_id: str, *, org: str | None, force: bool = False) -> str:
    """Write the case; what became of it, in words. Raises `NotCaptured`, `LedgerUnavailable`, OSError."""
    settings = await asyncio.to_thread(prepared)
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        captured = await captured_from(ledger, task_id, org=org or org_of(settings, task_id), seed=settings.estate.seed)
    return await asyncio.to_thread(write, captured, folder, force=force)


def org_of(settings: Settings, task_id: str) -> str:
    """The configured one; else the one that the task's id begins with."""
    return settings.org or task_id.partition(".")[0]


async def captured_from(ledger: Ledger, task_id: str, *, org: str, seed: int) -> Captured:
    """Raises `NotCaptured` and `LedgerUnavailable`."""
    found = await ledger.whole(org, task_id)
    return capture(task_id, [Recorded(entry.kind, entry.actor, body) for entry, body in found], seed=seed)


def write(captured: Captured, folder: Path, *, force: bool = False) -> str:
    """One file a case; it must load like any other. Raises `NotCaptured` and OSError.

    A file that is there may have been edited by hand: it is replaced with `force` alone, and comes back where the new
    one would not load.
    """
    case = captured.case
    file = folder / case.about / f"{case.id.replace('-', '_')}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_bytes() if force and file.exists() else None
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(captured.text)
    except FileExistsError:
        raise NotCaptured(
            f"{file} is there already, and may have been edited. It was left as it is; --force replaces it."
        ) from None
    try:
        load_cases(file.parent)
    except CaseError as error:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise NotCaptured(f"The case would not load, so it was not kept: {error}") from error
    judged = {"right": "Called right by people.", "wrong": "Called wrong by people: say in it what would be right."}
    out = f" Taken out: {', '.join(captured.taken_out)}." if captured.taken_out else ""
    return (
        f"{file}\n{judged.get(captured.said, 'Nobody said whether it was right.')}{out} Machines keep their names: "
        f"look through it before you commit it. Play it with `gavel eval --case {case.id}`."
    )
