"""CVE data of a test's own, in a real store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.database import Database
from tests.unit.tools.bench import NOW
from tools.contracts.advisory import Advisory, AffectedPackage, AffectedRange, RangeEvent


@asynccontextmanager
async def loaded(directory: Path, advisories: Sequence[Advisory]) -> AsyncGenerator[SqlAdvisories]:
    """A store that holds exactly these."""
    url = f"sqlite:///{directory / 'advisories.db'}"
    await migrate_advisories(url)
    database = Database.open(url)
    store = SqlAdvisories(database)
    await store.put(advisories, at=NOW)
    yield store
    await database.close()


def about(
    name: str,
    *,
    ecosystem: str,
    introduced: str = "0",
    fixed: str | None = None,
    advisory_id: str,
    cve: str | None = None,
) -> Advisory:
    """An advisory that nobody has rated."""
    events = [RangeEvent(kind="introduced", version=introduced)]
    if fixed is not None:
        events.append(RangeEvent(kind="fixed", version=fixed))
    package = AffectedPackage(ecosystem=ecosystem, name=name, ranges=[AffectedRange(type="ECOSYSTEM", events=events)])
    names = sorted([advisory_id] if cve is None else [advisory_id, cve])
    return Advisory(id=advisory_id, names=names, modified=NOW, affected=[package])
