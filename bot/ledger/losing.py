"""The one way on after entries were lost: a person says how many, and the chain itself keeps that they were.

A copy that was put back ends before its anchor, so that nothing is written on it and nothing is done. Accepting adds an
entry that names the entry it would have gone on from, and only then is the anchor set to that entry. A chain that is
not whole up to its end is accepted by nobody.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger import reader
from bot.ledger.anchor import AnchorError, FileAnchor
from bot.ledger.bodies import prepare
from bot.ledger.chain import ChainWalk, Draft, Entry, Head, seal
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import LedgerEntry
from bot.ledger.verify import Verification, check_artifacts, verify_chain, walk_entries
from tools.contracts.ledger import LedgerKind, LedgerUnavailable

TASK = "ledger"
KIND: LedgerKind = "entries_lost"


async def accept_loss(
    database: Database, anchor: FileAnchor, org: str, *, key: bytes, lost: int, reason: str, by: str, at: str
) -> Verification:
    """Go on from the last entry that is there, with `lost` entries fewer than there were; by whom, at what time.

    Tried again after it was interrupted it does the rest. Raises `LedgerUnavailable` where the chain is not whole, no
    entry or another number of them is lost, or it could not be written; nothing was changed then.
    """
    try:
        anchored = await anchor.read(org)
    except AnchorError as error:
        raise LedgerUnavailable(f"{error} Nothing was changed.") from error
    if anchored is None:
        raise LedgerUnavailable(f"The ledger of {org!r} has no anchor: put it back from a backup. Nothing was changed.")
    head = await _whole(database, org, key=key)
    accepted = await _accepted_before(database, org, head, anchored)
    missing = anchored.seq - (head.seq if accepted is None else accepted.seq - 1)
    if missing <= 0:
        raise LedgerUnavailable(f"No entry of {org!r} is lost at its end. Nothing was changed.")
    if missing != lost:
        raise LedgerUnavailable(
            f"The chain of {org!r} ends at entry {anchored.seq - missing} and its anchor stands at {anchored.seq}: "
            f"{missing} are lost and not {lost}. Nothing was changed."
        )
    body = {
        "lost": missing,
        "first": anchored.seq - missing + 1,
        "last": anchored.seq,
        "anchor_hash": anchored.hash,
        "reason": reason,
    }
    draft = Draft(TASK, KIND, by, at, _key(anchored), prepare(body).body)

    def write(connection: Connection) -> Head:
        if accepted is not None:
            return head
        newest = (
            select(LedgerEntry.seq, LedgerEntry.hash).where(LedgerEntry.org == org).order_by(LedgerEntry.seq.desc())
        )
        row = connection.execute(newest.limit(1)).one_or_none()
        if (head.seq, head.hash) != ((0, head.hash) if row is None else (row.seq, row.hash)):
            raise LedgerUnavailable(f"Somebody wrote to the ledger of {org!r} meanwhile. Nothing was changed.")
        entry = seal(draft, org=org, head=head, key=key)
        connection.execute(insert(LedgerEntry), [vars(entry)])
        return Head(entry.seq, entry.hash)

    try:
        await database.transact(
            f"chain:{org}", write, then=lambda end: anchor.set_back_now(org, end, instead_of=anchored)
        )
    except AnchorError as error:
        raise LedgerUnavailable(f"{error} It is on record that they are lost; run this again to go on.") from error
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(
            f"The ledger could not be written ({reason_of(error)}). Nothing was changed."
        ) from error
    return await verify_chain(database, anchor, org, key=key)


def _key(anchored: Head) -> str:
    return f"lost:{anchored.seq}:{anchored.hash}"


async def _whole(database: Database, org: str, *, key: bytes) -> Head:
    """The end of a chain with nothing wrong in it but where it ends."""
    walk = ChainWalk(org, key=key, anchor=None)
    fault = await walk_entries(database, org, walk)
    problem = None if fault is None else fault.problem
    if problem is None:
        _, problem = await check_artifacts(database, org, key=key)
    if problem is not None:
        raise LedgerUnavailable(f"{problem} That is more than a lost end, and is not accepted. Nothing was changed.")
    return walk.head


async def _accepted_before(database: Database, org: str, head: Head, anchored: Head) -> Entry | None:
    """The entry that an earlier try wrote, before its anchor was set."""
    last = await reader.entries(database, org, after_seq=head.seq - 1, limit=1)
    return last[0] if last and (last[0].kind, last[0].key) == (KIND, _key(anchored)) else None
