"""One estate is drawn for the session; every test changes a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from bot.local.estate import SampleEstate, seed_estate
from bot.local.estate.cves import bundled_advisories
from tests.unit.tools.bench import KEY, NOW, ORG, Bench, Policies, now
from tools.guards.budget import CallBudget
from tools.plans import InvestigationPlans
from tools.registry import build_registry


@pytest.fixture(scope="session")
async def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "estate.db"
    await seed_estate(path, seed=7, org=ORG, now=NOW)
    return path


@pytest.fixture(scope="session")
async def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    await migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session", params=[3, 7, 19], ids="seed {}".format)
async def drawn_from_each_seed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "estate.db"
    await seed_estate(path, seed=request.param, org=ORG, now=NOW)
    return path


@pytest.fixture(scope="session")
async def advisories(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[SqlAdvisories]:
    """What the sample estate comes with. Only read."""
    url = f"sqlite:///{tmp_path_factory.mktemp('advisories') / 'gavel.db'}"
    await migrate_advisories(url)
    database = Database.open(url)
    store = SqlAdvisories(database)
    await store.put(bundled_advisories(), at=NOW, origin="sample")
    yield store
    await database.close()


@pytest.fixture
async def bench(drawn: Path, empty_ledger: Path, advisories: SqlAdvisories, tmp_path: Path) -> AsyncGenerator[Bench]:
    async with opened(drawn, empty_ledger, tmp_path, advisories=advisories) as bench:
        yield bench


@pytest.fixture
async def each_bench(
    drawn_from_each_seed: Path, empty_ledger: Path, advisories: SqlAdvisories, tmp_path: Path
) -> AsyncGenerator[Bench]:
    """The bench of several estates, one after the other: what a tool computes holds for each."""
    async with opened(drawn_from_each_seed, empty_ledger, tmp_path, advisories=advisories) as bench:
        yield bench


@asynccontextmanager
async def opened(
    drawn: Path, empty_ledger: Path, directory: Path, *, advisories: SqlAdvisories
) -> AsyncGenerator[Bench]:
    path = Path(shutil.copy(drawn, directory / "estate.db"))
    estate = SampleEstate(path, now=now)
    ledger_file = shutil.copy(empty_ledger, directory / "ledger.db")
    database = Database.open(f"sqlite:///{ledger_file}")
    ledger = Ledger(database, FileAnchor(directory / "anchors", key=KEY), key=KEY)
    yield Bench(
        estate=estate,
        ledger=ledger,
        database=database,
        registry=build_registry(),
        policies=Policies(),
        budget=CallBudget(max_calls=1000),
        plans=InvestigationPlans(),
        advisories=advisories,
        path=path,
    )
    await ledger.close()
    await database.close()
    await estate.close()
