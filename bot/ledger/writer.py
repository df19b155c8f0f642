"""Writes a batch of one org: one transaction, then the anchor. Only then is the batch recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, tuple_
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.ledger.anchor import Anchor, AnchorError, AnchorTampered
from bot.ledger.artifacts import StoredArtifact
from bot.ledger.chain import Draft, Entry, Head, genesis, same, seal
from bot.ledger.database import Database, reason_of
from bot.ledger.statements import Change, Question
from bot.ledger.tables import AiRequestLog, Artifact, LedgerEntry
from bot.ledger.task_index import keep_up
from tools.contracts.ledger import LedgerUnavailable

_ATTEMPTS = 5

# Made once: to make a statement takes as long as to run it.
_HEAD = Question(
    select(LedgerEntry.seq, LedgerEntry.hash)
    .where(LedgerEntry.org == bindparam("org"))
    .order_by(LedgerEntry.seq.desc())
    .limit(1)
)
_KNOWN = Question(
    select(LedgerEntry.task_id, LedgerEntry.key).where(
        LedgerEntry.org == bindparam("org"),
        tuple_(LedgerEntry.task_id, LedgerEntry.key).in_(bindparam("wanted", expanding=True)),
    )
)
_KNOWN_ONE = Question(
    select(LedgerEntry.seq).where(
        LedgerEntry.org == bindparam("org"),
        LedgerEntry.task_id == bindparam("task_id"),
        LedgerEntry.key == bindparam("key"),
    )
)
"""What most batches ask: a list in a statement has it written anew for each."""
_ADD_ENTRY = Change(insert(LedgerEntry))
_ADD_REQUEST = Change(insert(AiRequestLog))
_KEPT = Question(
    select(Artifact.digest).where(
        Artifact.org == bindparam("org"), Artifact.digest.in_(bindparam("digests", expanding=True))
    )
)
_ADD_ARTIFACT = Change(insert(Artifact))


@dataclass(frozen=True)
class Write:
    """What one call adds, all of it or nothing: an entry, the rows that belong to it, or artifacts alone."""

    draft: Draft | None
    artifacts: tuple[StoredArtifact, ...] = ()
    request: Mapping[str, Any] | None = None
    """A row of `ai_request_logs`; written only if the entry is new."""
    committed: Callable[[], None] | None = None
    """Called once, when the entry is committed and was not there before. In a thread; quick, and must not raise."""


class ChainWriter:
    """Appends to chains, safely against every other process that does the same."""

    def __init__(self, database: Database, anchor: Anchor, *, key: bytes) -> None:
        self._database = database
        self._anchor = anchor
        self._key = key

    async def write(self, org: str, batch: Sequence[Write]) -> None:
        """Returns when the batch is committed and anchored. Raises `LedgerUnavailable`."""
        try:
            await self._commit(org, batch)
        except AnchorError as error:
            raise LedgerUnavailable(
                f"{error} Nothing goes on unrecorded; run `gavel ledger verify` and put the anchor back."
            ) from error
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerUnavailable(
                f"The ledger could not be written ({reason_of(error)}). Nothing was recorded; check DATABASE_URL and "
                "that the schema is current."
            ) from error

    async def _commit(self, org: str, batch: Sequence[Write]) -> None:
        def committed(result: tuple[Head, Sequence[Write]]) -> None:
            head, fresh = result
            # Before the anchor: where that fails the entries are there all the same, and what is tried again finds
            # nothing new.
            for write in fresh:
                if write.committed is not None:
                    write.committed()
            # A batch of nothing but repeats anchors too: its first attempt may have failed just here.
            if head.seq > 0:
                self._anchor.advance_now(org, head)

        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._database.transact(f"chain:{org}", lambda sql: self._append(sql, org, batch), then=committed)
            except IntegrityError:
                # Another writer that takes no lock was first: read its head and try again.
                if attempt == _ATTEMPTS:
                    raise
            else:
                return
        raise LedgerUnavailable("The ledger could not be written: others kept writing first.")

    def _append(self, connection: Connection, org: str, batch: Sequence[Write]) -> tuple[Head, Sequence[Write]]:
        head = self._trusted_head(connection, org)
        fresh = self._fresh(connection, org, [write for write in batch if write.draft is not None])
        _insert_artifacts(connection, org, [*fresh, *(write for write in batch if write.draft is None)])
        entries: list[Entry] = []
        for write in fresh:
            if write.draft is not None:
                entries.append(seal(write.draft, org=org, head=head, key=self._key))
                head = Head(entries[-1].seq, entries[-1].hash)
        if entries:
            _ADD_ENTRY.make(connection, *(vars(entry) for entry in entries))
            keep_up(connection, entries)
        requests = [write.request for write in fresh if write.request is not None]
        if requests:
            _ADD_REQUEST.make(connection, *requests)
        return head, fresh

    def _trusted_head(self, connection: Connection, org: str) -> Head:
        """The head to build on: one that the anchor agrees with.

        Read inside the transaction, after its lock: every anchored entry is committed, so it must be here.
        """
        row = _HEAD.row(connection, {"org": org})
        head = genesis(org, key=self._key) if row is None else Head(row["seq"], row["hash"])
        anchored = self._anchor.read_now(org)
        if anchored is None:
            if row is not None:
                raise AnchorTampered(f"The ledger of {org!r} has {head.seq} entries, but its anchor is gone.")
            # Before the first commit, so that an org with entries and no anchor has always lost it.
            self._anchor.advance_now(org, head)
            return head
        if anchored.seq > head.seq:
            raise AnchorTampered(
                f"The ledger of {org!r} ends at entry {head.seq}, but its anchor stands at {anchored.seq}: "
                "entries were cut off."
            )
        if not same(anchored.hash, self._hash_at(connection, org, anchored.seq, head=head)):
            raise AnchorTampered(f"Entry {anchored.seq} of the ledger of {org!r} is not the one its anchor was set to.")
        return head

    def _hash_at(self, connection: Connection, org: str, seq: int, *, head: Head) -> str:
        if seq == head.seq:
            return head.hash
        if seq == 0:
            return genesis(org, key=self._key).hash
        found = connection.scalar(select(LedgerEntry.hash).where(LedgerEntry.org == org, LedgerEntry.seq == seq))
        return found or ""

    def _fresh(self, connection: Connection, org: str, batch: Sequence[Write]) -> list[Write]:
        """The writes whose (task_id, key) is new, each once."""
        wanted = {(write.draft.task_id, write.draft.key): write for write in reversed(batch) if write.draft is not None}
        if not wanted:
            return []
        if len(wanted) == 1:
            [((task_id, key), only)] = wanted.items()
            given = {"org": org, "task_id": task_id, "key": key}
            return [only] if _KNOWN_ONE.row(connection, given) is None else []
        rows = _KNOWN.rows(connection, {"org": org, "wanted": list(wanted)})
        known = {(row["task_id"], row["key"]) for row in rows}
        chosen = {id(write) for place, write in wanted.items() if place not in known}
        return [write for write in batch if id(write) in chosen]


def _insert_artifacts(connection: Connection, org: str, batch: Sequence[Write]) -> None:
    wanted = {artifact.digest: artifact for write in batch for artifact in write.artifacts}
    if not wanted:
        return
    known = {row["digest"] for row in _KEPT.rows(connection, {"org": org, "digests": list(wanted)})}
    new = [vars(artifact) for digest, artifact in wanted.items() if digest not in known]
    if new:
        _ADD_ARTIFACT.make(connection, *new)
