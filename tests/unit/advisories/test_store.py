"""The advisories in SQL: what is put in is found again by name, by package and in the feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from bot.advisories.schema import VERSION_TABLE, migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.advisories.tables import Base
from bot.ledger.database import Database
from bot.ledger.schema import migrate
from tests.unit.advisories.dumps import osv
from tools.advisories.osv import read_record
from tools.connectors.advisories import FeedQuery, NoAdvisories
from tools.connectors.base import EstateError
from tools.contracts.advisory import Advisory

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def advisory(number: int, **changes: object) -> Advisory:
    return read_record(osv(number, **changes)).advisory


def about(ecosystem: str, name: str) -> list[object]:
    return [{"package": {"ecosystem": ecosystem, "name": name}, "versions": ["1"]}]


async def test_a_record_comes_back_whole_by_any_of_its_names(store: SqlAdvisories) -> None:
    one = advisory(1)
    await store.put([one, advisory(2)], at=NOW)
    for name in ("GHSA-test-00001", "CVE-2026-00001", "cve-2026-00001"):
        assert await store.named(name) == [one]
    assert await store.named("CVE-2026-1") == []
    assert await store.named("%") == []


async def test_one_cve_has_a_record_from_each_database(store: SqlAdvisories) -> None:
    distribution = advisory(7, id="DEBIAN-CVE-2026-00001", aliases=[], affected=about("Debian:12", "left"))
    await store.put([advisory(1), distribution], at=NOW)
    assert [found.id for found in await store.named("CVE-2026-00001")] == ["DEBIAN-CVE-2026-00001", "GHSA-test-00001"]


async def test_the_later_modified_record_stays_whatever_the_order(store: SqlAdvisories) -> None:
    old = advisory(1, modified="2026-01-01T00:00:00Z", summary="old")
    new = advisory(1, modified="2026-02-01T00:00:00Z", summary="new", affected=about("npm", "right"))
    assert await store.put([old], at=NOW) == ["added"]
    assert await store.put([old], at=NOW) == ["unchanged"]
    assert await store.put([new, old, new], at=NOW) == ["updated", "older", "unchanged"]
    assert await store.put([old], at=NOW) == ["older"]
    assert [found.summary for found in await store.named("CVE-2026-00001")] == ["new"]
    assert await store.about([("npm", "left-1")]) == []
    assert len(await store.about([("npm", "right")])) == 1


async def test_a_corrected_record_of_the_same_moment_replaces_the_first(store: SqlAdvisories) -> None:
    assert await store.put([advisory(1), advisory(1, summary="corrected")], at=NOW) == ["added", "updated"]
    assert [found.summary for found in await store.named("CVE-2026-00001")] == ["corrected"]


async def test_samples_go_and_never_replace_what_was_imported(store: SqlAdvisories) -> None:
    later = advisory(1, modified="2026-05-01T00:00:00Z", summary="sample")
    await store.put([advisory(1), advisory(2)], at=NOW)
    assert await store.put([later, advisory(3)], at=NOW, origin="sample") == ["older", "added"]
    assert await store.put([advisory(3)], at=NOW, origin="sample") == ["unchanged"]
    await store.put([advisory(4)], at=NOW, origin="sample")
    assert await store.put([advisory(4, modified="2020-01-01T00:00:00Z")], at=NOW) == ["updated"]
    await store.forget_samples()
    kept = [await store.named(f"CVE-2026-0000{number}") for number in (1, 2, 3, 4)]
    assert [[one.summary for one in found] for found in kept] == [["Number 1"], ["Number 2"], [], ["Number 4"]]


async def test_packages_are_found_by_ecosystem_and_name(store: SqlAdvisories) -> None:
    await store.put(
        [
            advisory(1, affected=about("Debian:12", "redis")),
            advisory(2, affected=about("Debian:13", "redis")),
            advisory(3, affected=about("Debian", "redis")),
            advisory(4, affected=about("PyPI", "Ruamel.YAML")),
            advisory(5, affected=about("npm", "Ruamel.YAML")),
        ],
        at=NOW,
    )

    async def found(*packages: tuple[str, str]) -> list[int]:
        return [int(one.id[-5:]) for one in await store.about(packages)]

    assert await found(("Debian:12", "redis")) == [1, 3]
    assert await found(("Debian:13", "redis"), ("PyPI", "ruamel_yaml")) == [2, 3, 4]
    assert await found(("npm", "ruamel-yaml")) == []
    assert await found() == []


async def test_many_packages_are_one_question(store: SqlAdvisories) -> None:
    await store.put([advisory(number) for number in range(900)], at=NOW)
    packages = [("npm", f"left-{number}") for number in range(1200)]
    assert len(await store.about(packages)) == 900


async def test_the_feed_pages_through_everything_once_newest_first(store: SqlAdvisories) -> None:
    await store.put([advisory(number) for number in range(95)], at=NOW)
    seen: list[Advisory] = []
    cursor: str | None = None
    while True:
        page, cursor = await store.feed(FeedQuery(), limit=20, cursor=cursor)
        seen.extend(page)
        if cursor is None:
            break
    assert len(seen) == len({one.id for one in seen}) == 95
    assert seen == sorted(seen, key=lambda one: (one.modified, one.id), reverse=True)


async def test_the_feed_is_narrowed_and_leaves_out_what_is_withdrawn(store: SqlAdvisories) -> None:
    mild = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    await store.put(
        [
            advisory(1),
            advisory(2, severity=mild),
            advisory(3, severity=[]),
            advisory(4, withdrawn="2026-03-01T00:00:00Z"),
            advisory(5, affected=about("Debian:12", "redis")),
            advisory(6, affected=about("Debianish", "redis")),
        ],
        at=NOW,
    )

    async def found(**query: object) -> list[int]:
        page, _ = await store.feed(FeedQuery.model_validate(query), limit=50, cursor=None)
        return sorted(int(one.id[-5:]) for one in page)

    assert await found() == [1, 2, 3, 5, 6]
    # Nobody has rated the third: it may be the worst of all.
    assert await found(minimum_rating="high") == [1, 3, 5, 6]
    assert await found(minimum_rating="critical") == [3]
    assert await found(ecosystem="Debian") == [5]
    assert await found(ecosystem="npm", package="left-2") == [2]
    assert await found(package="redis") == [5, 6]
    assert await found(modified_since=datetime(2026, 1, 5, tzinfo=UTC)) == [5, 6]
    assert await found(ecosystem="Debian%") == []


@pytest.mark.parametrize("cursor", ["", "x", "2026-01-01/", "2026-01-01T00:00:00/a", "'; DROP TABLE advisories; --"])
async def test_a_cursor_that_is_none_is_an_error(store: SqlAdvisories, cursor: str) -> None:
    with pytest.raises(EstateError, match="no cursor"):
        await store.feed(FeedQuery(), limit=5, cursor=cursor)


async def test_what_is_known_of_an_ecosystem_is_counted_and_nothing_is_no_row(store: SqlAdvisories) -> None:
    await store.put([advisory(1), advisory(2), advisory(3, affected=about("Debian:12", "redis"))], at=NOW)
    (debian, npm) = await store.coverage(["npm", "Debian:12", "Flatcar"])
    assert (debian.ecosystem, debian.advisories, debian.imported_at) == ("Debian:12", 1, NOW)
    assert (npm.ecosystem, npm.advisories) == ("npm", 2)


async def test_a_database_without_the_tables_is_an_error_and_not_an_absence(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'empty.db'}")
    empty = SqlAdvisories(database)
    for ask in (empty.named("x"), empty.about([("npm", "x")]), empty.coverage(["npm"])):
        with pytest.raises(EstateError, match="could not be read"):
            await ask
    with pytest.raises(EstateError, match="could not be read"):
        await empty.feed(FeedQuery(), limit=1, cursor=None)
    with pytest.raises(EstateError, match="could not be changed"):
        await empty.put([advisory(1)], at=NOW)
    await database.close()


async def test_no_source_at_all_is_an_error_and_not_an_absence() -> None:
    none = NoAdvisories()
    for ask in (none.named("x"), none.about([]), none.coverage([])):
        with pytest.raises(EstateError, match="gavel cve import"):
            await ask
    with pytest.raises(EstateError, match="gavel cve import"):
        await none.feed(FeedQuery(), limit=1, cursor=None)


async def test_the_migrated_schema_is_the_declared_one_beside_the_ledgers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'both.db'}"
    await migrate(url)
    await migrate_advisories(url)
    await migrate_advisories(url)
    database = Database.open(url)

    def ours(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
        return kind != "table" or (name or "").startswith("advisor")

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "version_table": VERSION_TABLE, "include_name": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))

    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()
