"""Backing a ledger up and putting a copy back. The anchors first, and never back: what a copy lacks must show.

SQLite's file is copied by SQLite itself, while everything runs. PostgreSQL has tools of its own for that: there only
the anchors are taken, before them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.ledger import reader
from bot.ledger.anchor import AnchorError, FileAnchor
from bot.ledger.chain import Head, genesis
from bot.ledger.database import Database, async_url, reason_of
from bot.ledger.verify import Verification, verify_chain
from tools.contracts.ledger import LedgerUnavailable

DATABASE = "gavel.db"
ANCHORS = "anchors"
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps next to its file. With another file it would destroy that one."""


@dataclass(frozen=True)
class Place:
    """Where a ledger is."""

    database_url: str
    anchor: FileAnchor
    anchor_key: bytes
    key: bytes

    @property
    def file(self) -> Path | None:
        """SQLite's; None: it is PostgreSQL."""
        url = async_url(self.database_url)
        return Path(url.database or "") if url.drivername.startswith("sqlite") else None


@dataclass(frozen=True)
class Copied:
    file: Path | None
    """None: PostgreSQL's own tools have to copy it."""
    found: list[Verification]
    """Of the copy, each org's chain. Empty where there is no copy yet."""


async def back_up(place: Place, into: Path) -> Copied:
    """Into a directory of its own, which must not be there. Raises `LedgerUnavailable` and OSError."""
    await asyncio.to_thread(into.mkdir, mode=0o700, parents=True)
    kept = FileAnchor(into / ANCHORS, key=place.anchor_key)
    heads = await _heads(place.anchor)
    for org, head in heads.items():
        await asyncio.to_thread(kept.advance_now, org, head)
    if place.file is None:
        return Copied(None, [])
    copy = into / DATABASE
    await asyncio.to_thread(_copy_sqlite, place.file, copy)
    for org in await _orgs(copy) - heads.keys():
        # One that began since its anchor was looked for has one now: it is kept as it was then, before its first entry.
        if await _read(place.anchor, org) is not None:
            await asyncio.to_thread(kept.advance_now, org, genesis(org, key=place.key))
    return Copied(copy, await _verified(copy, kept, heads, key=place.key))


async def put_back(place: Place, source: Path, *, anchors_too: bool, aside: str) -> list[Verification]:
    """Replace SQLite's file by the copy; what was there stays beside it, its name ending in `aside`. Nothing may run.

    The anchors stay as they are, so that a copy older than they are is found to be. `anchors_too`: those that are gone
    are put back from the copy; one that is there is not.

    What is found then, for each org that has an anchor or an entry. Raises `LedgerUnavailable` and OSError; where the
    copy itself is not whole, or lies without its anchors, nothing was replaced.
    """
    if place.file is None:
        raise LedgerUnavailable(
            "This ledger is in PostgreSQL: put it back with pg_restore, then run `gavel ledger verify`. "
            "Nothing was changed."
        )
    copy, kept = source / DATABASE, FileAnchor(source / ANCHORS, key=place.anchor_key)
    if not await asyncio.to_thread(copy.is_file):
        raise LedgerUnavailable(f"There is no backup at {copy}. Nothing was changed.")
    heads = await _heads(kept)
    if not heads:
        raise LedgerUnavailable(
            f"There are no anchors in {source / ANCHORS}, and without them the backup cannot be verified. Put there "
            "those that were copied with it, and run this again. Nothing was changed."
        )
    for found in await _verified(copy, kept, heads, key=place.key):
        if not found.ok:
            raise LedgerUnavailable(f"The backup of {found.org!r} is not whole: {found.problem} Nothing was changed.")
    await asyncio.to_thread(_replace, copy, place.file, aside)
    if anchors_too:
        for org, head in heads.items():
            if await place.anchor.read(org) is None:
                await asyncio.to_thread(place.anchor.advance_now, org, head)
    now = {**heads, **await _heads(place.anchor)}
    return await _verified(place.file, place.anchor, now, key=place.key)


async def _heads(anchor: FileAnchor) -> dict[str, Head]:
    try:
        return await asyncio.to_thread(anchor.heads)
    except AnchorError as error:
        raise LedgerUnavailable(f"{error} Nothing was copied.") from error


async def _read(anchor: FileAnchor, org: str) -> Head | None:
    try:
        return await anchor.read(org)
    except AnchorError as error:
        raise LedgerUnavailable(f"{error} The copy was not verified.") from error


async def _orgs(file: Path) -> set[str]:
    database = Database.open(f"sqlite:///{file}")
    try:
        return set(await reader.orgs(database))
    finally:
        await database.close()


async def _verified(file: Path, anchor: FileAnchor, heads: dict[str, Head], *, key: bytes) -> list[Verification]:
    """Of each org that has an anchor, and of each that has entries: one that has lost its anchor is not left out."""
    orgs = heads.keys() | await _orgs(file)
    database = Database.open(f"sqlite:///{file}")
    try:
        return [await verify_chain(database, anchor, org, key=key) for org in sorted(orgs)]
    finally:
        await database.close()


def _copy_sqlite(file: Path, copy: Path) -> None:
    """As it is at one moment, whoever writes meanwhile, in one file."""
    if not file.is_file():
        raise LedgerUnavailable(f"There is no ledger at {file}. Check DATABASE_URL.")
    try:
        with closing(sqlite3.connect(file)) as source:
            source.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"{file} could not be copied ({reason_of(error)}).") from error
    copy.chmod(0o600)
    _flush(copy)


def _replace(copy: Path, file: Path, aside: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.restoring")
    shutil.copyfile(copy, fresh)
    fresh.chmod(0o600)
    _flush(fresh)
    for name in ("", *_BESIDE):
        present = file.with_name(f"{file.name}{name}")
        if present.exists():
            present.rename(file.with_name(f"{file.name}{aside}{name}"))
    fresh.rename(file)
    _flush(file.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
