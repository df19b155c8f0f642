"""The advisories in SQL: what an import changes, and what the tools ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.advisories.tables import AdvisoryName, AdvisoryPackage, AdvisoryRow
from bot.ledger.database import Database, reason_of
from tools.advisories.matching import package_key
from tools.advisories.severity import severity_of
from tools.advisories.versions import base_of
from tools.connectors.advisories import Coverage, FeedQuery
from tools.connectors.base import EstateError
from tools.contracts.advisory import RATINGS, Advisory, AffectedPackage
from tools.contracts.common import JsonObject, canonical_json, digest_of

CHUNK = 400
"""Values in one IN list; SQLite takes 32,766 parameters a statement."""

HEAD_DETAILS_CHARS = 600

_ENTRIES = TypeAdapter(list[AffectedPackage])

Origin = Literal["import", "sample"]
"""Whether somebody imported it, or it came with the sample estate."""

Fate = Literal["added", "updated", "unchanged", "older"]
"""What became of a record: `older` when a newer one of the same id was there."""


@dataclass(frozen=True)
class SqlAdvisories:
    """Implements `tools.connectors.advisories.AdvisorySource`. The database is whoever's who opened it."""

    database: Database

    async def put(self, advisories: Sequence[Advisory], *, at: datetime, origin: Origin = "import") -> list[Fate]:
        """One transaction for all of them; one fate for each. Of two with one id, the later modified stays.

        What was imported is never replaced by a sample.
        """
        fates: list[Fate] = []
        async with self._writing() as connection:
            known = await _known(connection, {advisory.id for advisory in advisories})
            kept: dict[str, Advisory] = {}
            for advisory in advisories:
                digest = digest_of(advisory)
                earlier = known.get(advisory.id)
                if earlier is not None and _stays(earlier, advisory, origin=origin):
                    fates.append("older")
                elif earlier is not None and (earlier.digest, earlier.origin) == (digest, origin):
                    fates.append("unchanged")
                else:
                    fates.append("added" if earlier is None else "updated")
                    known[advisory.id] = _Known(advisory.modified, digest, origin)
                    kept[advisory.id] = advisory
            digests = {advisory_id: known[advisory_id].digest for advisory_id in kept}
            await _replace(connection, list(kept.values()), digests, at=at, origin=origin)
        return fates

    async def forget_samples(self) -> None:
        """A real estate is not compared with the few advisories that the sample estate brings."""
        async with self._writing() as connection:
            await connection.execute(delete(AdvisoryRow).where(AdvisoryRow.origin == "sample"))

    async def named(self, name: str) -> list[Advisory]:
        statement = (
            select(AdvisoryRow.body)
            .join(AdvisoryName, AdvisoryName.advisory_id == AdvisoryRow.id)
            .where(AdvisoryName.name == name.lower())
            .order_by(AdvisoryRow.id)
        )
        async with self._reading() as connection:
            return await _whole(connection, list((await connection.execute(statement)).scalars()))

    async def about(self, packages: Collection[tuple[str, str]]) -> list[Advisory]:
        wanted: dict[str, set[str]] = defaultdict(set)
        for ecosystem, name in packages:
            for place in {ecosystem, base_of(ecosystem)}:
                wanted[place].add(package_key(ecosystem, name))
        heads: dict[str, str] = {}
        affected: dict[str, list[AffectedPackage]] = defaultdict(list)
        async with self._reading() as connection:
            for place, names in sorted(wanted.items()):
                for chunk in _chunks(sorted(names)):
                    statement = (
                        select(AdvisoryRow.id, AdvisoryRow.head, AdvisoryPackage.affected)
                        .join(AdvisoryPackage, AdvisoryPackage.advisory_id == AdvisoryRow.id)
                        .where(AdvisoryPackage.ecosystem == place, AdvisoryPackage.package.in_(chunk))
                        .order_by(AdvisoryRow.id, AdvisoryPackage.package)
                    )
                    for row in await connection.execute(statement):
                        heads[row.id] = row.head
                        affected[row.id].extend(_ENTRIES.validate_json(row.affected))
        return [
            _advisory(heads[advisory_id]).model_copy(update={"affected": affected[advisory_id]})
            for advisory_id in sorted(heads)
        ]

    async def feed(self, query: FeedQuery, *, limit: int, cursor: str | None) -> tuple[list[Advisory], str | None]:
        conditions = _conditions(query)
        if cursor is not None:
            modified, after = _place_of(cursor)
            later = and_(AdvisoryRow.modified == modified, AdvisoryRow.id < after)
            conditions.append(or_(AdvisoryRow.modified < modified, later))
        statement = (
            select(AdvisoryRow.body)
            .where(*conditions)
            .order_by(AdvisoryRow.modified.desc(), AdvisoryRow.id.desc())
            .limit(limit + 1)
        )
        async with self._reading() as connection:
            found = await _whole(connection, list((await connection.execute(statement)).scalars()))
        page = found[:limit]
        return page, _cursor_after(page[-1]) if len(found) > limit else None

    async def coverage(self, ecosystems: Collection[str]) -> list[Coverage]:
        rows: list[Coverage] = []
        async with self._reading() as connection:
            for chunk in _chunks(sorted(set(ecosystems))):
                statement = (
                    select(
                        AdvisoryPackage.ecosystem,
                        func.count(AdvisoryPackage.advisory_id.distinct()).label("advisories"),
                        func.max(AdvisoryRow.imported_at).label("imported_at"),
                    )
                    .join(AdvisoryRow, AdvisoryRow.id == AdvisoryPackage.advisory_id)
                    .where(AdvisoryPackage.ecosystem.in_(chunk))
                    .group_by(AdvisoryPackage.ecosystem)
                    .order_by(AdvisoryPackage.ecosystem)
                )
                rows.extend(
                    Coverage(ecosystem=row.ecosystem, advisories=row.advisories, imported_at=row.imported_at)
                    for row in await connection.execute(statement)
                )
        return rows

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.database.reading() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise EstateError(f"The CVE data could not be read ({reason_of(error)}). Nothing was compared.") from error

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.database.writing("advisories") as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise EstateError(
                f"The CVE data could not be changed ({reason_of(error)}). What was read since the last batch is lost."
            ) from error


@dataclass(frozen=True)
class _Known:
    modified: datetime
    digest: str
    origin: str


def _stays(earlier: _Known, advisory: Advisory, *, origin: Origin) -> bool:
    """Whether what is there is better than what comes."""
    if (earlier.origin, origin) == ("import", "sample"):
        return True
    return earlier.origin == origin and earlier.modified > advisory.modified


async def _known(connection: AsyncConnection, ids: set[str]) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    row = AdvisoryRow
    for chunk in _chunks(sorted(ids)):
        rows = await connection.execute(select(row.id, row.modified, row.digest, row.origin).where(row.id.in_(chunk)))
        known.update((found.id, _Known(found.modified, found.digest, found.origin)) for found in rows)
    return known


async def _whole(connection: AsyncConnection, bodies: list[str]) -> list[Advisory]:
    """The advisories with all of their packages, in the order given."""
    advisories = [_advisory(body) for body in bodies]
    affected: dict[str, list[AffectedPackage]] = defaultdict(list)
    for chunk in _chunks([advisory.id for advisory in advisories]):
        statement = (
            select(AdvisoryPackage.advisory_id, AdvisoryPackage.affected)
            .where(AdvisoryPackage.advisory_id.in_(chunk))
            .order_by(AdvisoryPackage.ecosystem, AdvisoryPackage.package)
        )
        for row in await connection.execute(statement):
            affected[row.advisory_id].extend(_ENTRIES.validate_json(row.affected))
    return [advisory.model_copy(update={"affected": affected[advisory.id]}) for advisory in advisories]


async def _replace(
    connection: AsyncConnection, advisories: list[Advisory], digests: dict[str, str], *, at: datetime, origin: Origin
) -> None:
    for chunk in _chunks([advisory.id for advisory in advisories]):
        await connection.execute(delete(AdvisoryRow).where(AdvisoryRow.id.in_(chunk)))
    rows: list[JsonObject] = []
    names: list[JsonObject] = []
    packages: list[JsonObject] = []
    for advisory in advisories:
        rows.append(
            {
                "id": advisory.id,
                "modified": advisory.modified,
                "withdrawn": advisory.withdrawn is not None,
                "rating": severity_of(advisory).rating,
                "digest": digests[advisory.id],
                "head": canonical_json(_head(advisory)).decode(),
                "body": canonical_json(advisory.model_copy(update={"affected": []})).decode(),
                "origin": origin,
                "imported_at": at,
            }
        )
        names.extend({"name": name, "advisory_id": advisory.id} for name in {name.lower() for name in advisory.names})
        entries: dict[tuple[str, str], list[AffectedPackage]] = defaultdict(list)
        for affected in advisory.affected:
            entries[affected.ecosystem, package_key(affected.ecosystem, affected.name)].append(affected)
        packages.extend(
            {
                "ecosystem": ecosystem,
                "package": package,
                "advisory_id": advisory.id,
                "affected": _ENTRIES.dump_json(found).decode(),
            }
            for (ecosystem, package), found in entries.items()
        )
    for table, values in ((AdvisoryRow, rows), (AdvisoryName, names), (AdvisoryPackage, packages)):
        if values:
            await connection.execute(insert(table), values)


def _conditions(query: FeedQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [AdvisoryRow.withdrawn.is_(False)]
    if query.minimum_rating is not None:
        enough = RATINGS[RATINGS.index(query.minimum_rating) :]
        conditions.append(or_(AdvisoryRow.rating.is_(None), AdvisoryRow.rating.in_(enough)))
    if query.modified_since is not None:
        conditions.append(AdvisoryRow.modified >= query.modified_since)
    if query.ecosystem is not None or query.package is not None:
        conditions.append(AdvisoryRow.id.in_(select(AdvisoryPackage.advisory_id).where(*_about(query))))
    return conditions


def _about(query: FeedQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.ecosystem is not None:
        within = AdvisoryPackage.ecosystem.startswith(f"{query.ecosystem}:", autoescape=True)
        conditions.append(or_(AdvisoryPackage.ecosystem == query.ecosystem, within))
    if query.package is not None:
        keys = {query.package, package_key("PyPI", query.package)}
        conditions.append(AdvisoryPackage.package.in_(sorted(keys)))
    return conditions


def _head(advisory: Advisory) -> Advisory:
    return advisory.model_copy(
        update={"affected": [], "references": [], "details": advisory.details[:HEAD_DETAILS_CHARS]}
    )


def _advisory(body: str) -> Advisory:
    return Advisory.model_validate_json(body)


def _cursor_after(advisory: Advisory) -> str:
    return f"{advisory.modified.astimezone(UTC).isoformat()}/{advisory.id}"


def _place_of(cursor: str) -> tuple[datetime, str]:
    moment, _, advisory_id = cursor.partition("/")
    try:
        modified = datetime.fromisoformat(moment)
    except ValueError:
        modified = None
    if modified is None or modified.tzinfo is None or not advisory_id:
        raise EstateError(f"{cursor[:80]!r} is no cursor of the CVE feed. Use `next_cursor` as it was returned.")
    return modified, advisory_id


def _chunks(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
