"""Reads the ledger. Every function takes the org first, and every query names it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, bindparam, func, select, text, true, union_all
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger import artifacts
from bot.ledger.artifacts import StoredArtifact
from bot.ledger.chain import Entry
from bot.ledger.database import Database, reason_of
from bot.ledger.statements import Question, Row
from bot.ledger.tables import FREEZES, AiRequestLog, Artifact, LedgerEntry
from tools.contracts.ledger import LedgerUnavailable

Shaped = TypeVar("Shaped")

PAGE = 500
A_FEW = 10
"""Rows that are read while the event loop waits."""
_NO_SEQ = 2**62
"""Above every entry's."""

_ENTRY = (
    LedgerEntry.org,
    LedgerEntry.seq,
    LedgerEntry.task_id,
    LedgerEntry.kind,
    LedgerEntry.actor,
    LedgerEntry.at,
    LedgerEntry.key,
    LedgerEntry.body,
    LedgerEntry.prev_hash,
    LedgerEntry.hash,
)

# Made once: to make a statement takes longer than to run it.
_BY_KEY = Question(
    select(*_ENTRY)
    .where(
        LedgerEntry.org == bindparam("org"),
        LedgerEntry.task_id == bindparam("task_id"),
        LedgerEntry.key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(LedgerEntry.seq)
)
_FREEZES = Question(
    select(*_ENTRY).where(LedgerEntry.org == bindparam("org"), text(FREEZES)).order_by(LedgerEntry.seq.desc())
)
_KIND_AS_IT_IS = LedgerEntry.kind.concat("")
"""The kind in a query that names the task too. A database that knows nothing of its rows takes the index by kind for as
good as the one by task, where a million entries may stand."""

_ARTIFACT = Question(
    select(*artifacts.COLUMNS).where(Artifact.org == bindparam("org"), Artifact.digest == bindparam("digest"))
)


async def entries(
    database: Database,
    org: str,
    *,
    task_id: str | None = None,
    kind: str | None = None,
    after_seq: int = 0,
    limit: int = PAGE,
) -> list[Entry]:
    """A page of entries in order. Raises `LedgerUnavailable`."""
    named = {name: value for name, value in (("task_id", task_id), ("kind", kind)) if value is not None}
    given = {"org": org, "after": after_seq, "page": limit, **named}
    return await _look(database, _entries(of_task=task_id is not None, of_kind=kind is not None), _entry, **given)


@cache
def _entries(*, of_task: bool, of_kind: bool) -> Question:
    query = select(*_ENTRY).where(LedgerEntry.org == bindparam("org"), LedgerEntry.seq > bindparam("after"))
    if of_task:
        query = query.where(LedgerEntry.task_id == bindparam("task_id"))
    if of_kind:
        query = query.where((_KIND_AS_IT_IS if of_task else LedgerEntry.kind) == bindparam("kind"))
    return Question(query.order_by(LedgerEntry.seq).limit(bindparam("page")))


async def entries_by_key(database: Database, org: str, task_id: str, keys: Collection[str]) -> list[Entry]:
    """The task's entries with these keys, in order. Raises `LedgerUnavailable`."""
    given = {"org": org, "task_id": task_id, "keys": sorted(keys)}
    read = _glance if len(keys) <= A_FEW else _look
    return await read(database, _BY_KEY, _entry, **given)


async def latest(
    database: Database, org: str, *, kinds: Collection[str], besides_task: str, before_seq: int | None, limit: int
) -> list[Entry]:
    """A page of entries of these kinds and of other tasks, the newest first. Raises `LedgerUnavailable`."""
    before = _NO_SEQ if before_seq is None else before_seq
    given = {"org": org, "besides": besides_task, "before": before, "page": limit}
    read = _glance if limit <= A_FEW else _look
    return await read(database, _latest(tuple(sorted(kinds))), _entry, **given)


@lru_cache(maxsize=32)
def _latest(kinds: tuple[str, ...]) -> Question:
    """The newest of each kind, and of those the newest. Asked for all kinds in one, a database walks back through every
    entry that is of none of them, or sorts all that are.
    """
    each = [
        select(*_ENTRY)
        .where(
            LedgerEntry.org == bindparam("org"),
            LedgerEntry.kind == kind,
            LedgerEntry.task_id != bindparam("besides"),
            LedgerEntry.seq < bindparam("before"),
        )
        .order_by(LedgerEntry.seq.desc())
        .limit(bindparam("page"))
        for kind in kinds
    ]
    if len(each) == 1:
        return Question(each[0])
    together = union_all(*(select(newest.subquery()) for newest in each)).subquery()
    return Question(select(together).order_by(together.c.seq.desc()).limit(bindparam("page")))


async def freezes(database: Database, org: str) -> list[Entry]:
    """What was ever declared frozen or thawed, the newest first. Raises `LedgerUnavailable`.

    All of it: chosen by a column, an entry in which that column was edited would not be seen, nor missed.
    """
    return await _glance(database, _FREEZES, _entry, org=org)


async def orgs(database: Database) -> list[str]:
    """Whoever has an entry. Raises `LedgerUnavailable`."""
    return await _look(database, Question(select(LedgerEntry.org).distinct()), lambda row: str(row["org"]))


async def chain_pages(database: Database, org: str) -> AsyncIterator[list[Entry]]:
    """The whole chain, a page at a time; what is appended meanwhile may be in it."""
    after = 0
    # Seq 0 and below belong to no chain: a row put there is a fault that must be seen.
    async with _reading(database) as connection:
        low = await connection.execute(
            select(*_ENTRY).where(LedgerEntry.org == org, LedgerEntry.seq <= 0).order_by(LedgerEntry.seq).limit(1)
        )
        strays = [_entry(row) for row in low.mappings()]
    if strays:
        yield strays
    while page := await entries(database, org, after_seq=after):
        yield page
        after = page[-1].seq


async def artifact(database: Database, org: str, digest: str, *, key: bytes) -> StoredArtifact | None:
    """One artifact, its MAC checked. Raises `LedgerUnavailable`, also when it was edited."""
    found = await _look(database, _ARTIFACT, artifacts.from_row, org=org, digest=digest)
    if not found:
        return None
    (stored,) = found
    if not artifacts.is_authentic(stored, key=key):
        raise LedgerUnavailable(f"The artifact {digest} was changed after it was kept: it is not used.")
    return stored


async def artifact_pages(database: Database, org: str) -> AsyncIterator[list[StoredArtifact]]:
    """All artifacts in the order of their digests, a few at a time: each may be large."""
    after = ""
    while True:
        async with _reading(database) as connection:
            rows = await connection.execute(
                select(*artifacts.COLUMNS)
                .where(Artifact.org == org, Artifact.digest > after)
                .order_by(Artifact.digest)
                .limit(20)
            )
            page = [artifacts.from_row(row) for row in rows.mappings()]
        if not page:
            return
        yield page
        after = page[-1].digest


async def costs(
    database: Database, org: str, task_id: str, *, purposes: Collection[str]
) -> tuple[float | None, float | None]:
    """What the task's model calls cost so far, in US dollars: all, and those for these purposes.

    None: there was none, or one of unknown cost, as is that of a call whose row was removed for its age: the chain
    still counts it. Raises `LedgerUnavailable`.
    """
    given = {"org": org, "task_id": task_id, "purposes": sorted(purposes)}
    (row,) = await _glance(database, _COSTS, dict, **given)

    def known(of: str) -> float | None:
        total: float | None = row[f"{of}_total"]
        return float(total) if total is not None and row["kept"] and row[f"{of}_known"] else None

    return known("all"), known("these")


def _costs() -> Question:
    recorded = (
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.org == bindparam("org"),
            LedgerEntry.task_id == bindparam("task_id"),
            _KIND_AS_IT_IS == "llm_called",
        )
    ).scalar_subquery()
    columns: list[ColumnElement[Any]] = [(recorded == func.count(AiRequestLog.id)).label("kept")]
    counted_of = {"all": true(), "these": AiRequestLog.purpose.in_(bindparam("purposes", expanding=True))}
    for of, counted in counted_of.items():
        calls = func.count(AiRequestLog.id).filter(counted)
        priced = func.count(AiRequestLog.estimated_cost).filter(counted)
        columns.append((calls == priced).label(f"{of}_known"))
        columns.append(func.sum(AiRequestLog.estimated_cost).filter(counted).label(f"{of}_total"))
    return Question(
        select(*columns).where(AiRequestLog.org == bindparam("org"), AiRequestLog.task_id == bindparam("task_id"))
    )


_COSTS = _costs()


async def missing_artifacts(database: Database, org: str, digests: Collection[str]) -> list[str]:
    """Those of the digests under which nothing is kept."""
    wanted = sorted(set(digests))
    missing: list[str] = []
    for start in range(0, len(wanted), PAGE):
        part = wanted[start : start + PAGE]
        async with _reading(database) as connection:
            known = set(
                await connection.scalars(select(Artifact.digest).where(Artifact.org == org, Artifact.digest.in_(part)))
            )
        missing.extend(digest for digest in part if digest not in known)
    return missing


def _entry(row: Row | RowMapping) -> Entry:
    return Entry(**artifacts.as_written(row))


async def _look(
    database: Database, question: Question, shape: Callable[[Row], Shaped], **given: object
) -> list[Shaped]:
    with _told():
        return await database.look(lambda connection: [shape(row) for row in question.rows(connection, given)])


async def _glance(
    database: Database, question: Question, shape: Callable[[Row], Shaped], **given: object
) -> list[Shaped]:
    """The rows, a few, to which an index leads."""
    with _told():
        return await database.glance(lambda connection: [shape(row) for row in question.rows(connection, given)])


@asynccontextmanager
async def _reading(database: Database) -> AsyncGenerator[AsyncConnection]:
    with _told():
        async with database.reading() as connection:
            yield connection


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(
            f"The ledger could not be read ({reason_of(error)}). Check DATABASE_URL and that the schema is current."
        ) from error
