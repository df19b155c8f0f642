"""Two tenants of the same names in one estate: nothing that either asks, plans or changes depends on the other.

Non-interference: what a tenant gets from every tool is, byte for byte, what it gets in an estate in which the other
was never there; and whatever it changes, no row of the other moves.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.advisories.store import SqlAdvisories
from bot.ledger.chain import Entry
from bot.local.estate import seed_estate
from bot.local.estate.change import JournalEntry
from tests.unit.tools.bench import NOW, Bench
from tests.unit.tools.conftest import opened
from tests.unit.tools.tenants import OURS, THEIRS, add_tenant, every_table, everything_of, keep_only, make_ready
from tests.unit.tools.tour import Tour
from tools.base import ToolResult
from tools.registry import build_registry

SEED = 7
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Rooms:
    """Where benches are opened: each has an estate and a ledger of its own, from the same ones."""

    ledger: Path
    advisories: SqlAdvisories
    directory: Path
    ours: Path
    """An estate with one tenant."""
    theirs: Path
    both: Path
    """An estate with the two."""

    @asynccontextmanager
    async def bench(self, estate: Path, name: str) -> AsyncGenerator[Bench]:
        directory = self.directory / name
        directory.mkdir()
        async with opened(estate, self.ledger, directory, advisories=self.advisories) as bench:
            yield bench


@pytest.fixture(scope="session", params=[SEED, 8], ids=["the same draw", "another draw"])
async def rooms(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    empty_ledger: Path,
    advisories: SqlAdvisories,
) -> Rooms:
    """With the same draw every id of every table is in both; with another most are, and the rows differ."""
    directory = tmp_path_factory.mktemp("tenants")
    ours, theirs, both = directory / "ours.db", directory / "theirs.db", directory / "both.db"
    for path, org, seed in ((ours, OURS, SEED), (theirs, THEIRS, request.param)):
        await seed_estate(path, seed=seed, org=org, now=NOW)
        keep_only(path, org)
        make_ready(path, org)
    shutil.copy(ours, both)
    add_tenant(both, theirs, THEIRS)
    return Rooms(empty_ledger, advisories, directory, ours, theirs, both)


@dataclass(frozen=True)
class Played:
    """The same calls, once by a tenant alone and once after another tenant has made all of its own."""

    alone: list[ToolResult]
    alone_entries: list[Entry]
    together: list[ToolResult]
    together_entries: list[Entry]
    foreign: list[ToolResult]
    """What the other tenant got, before."""
    rows: Rows
    """The other tenant's, before any call of ours, and after."""
    rows_after: Rows
    own_rows: Rows
    own_rows_after: Rows
    journals: dict[str, list[JournalEntry]]
    verified: dict[str, tuple[bool, int]]
    exported: list[str]


@pytest.fixture(scope="session")
async def played(rooms: Rooms) -> Played:
    async with rooms.bench(rooms.ours, "alone") as bench:
        alone = await _both_tours(bench, rooms)
        alone_entries = await bench.ledger.show(OURS, limit=1000)
    async with rooms.bench(rooms.both, "together") as bench:
        # Under the same task, call ids, plan store, budget and ledger: what it leaves would be found.
        foreign = await Tour(bench, THEIRS, rooms.theirs, THEIRS).run()
        rows, own_rows = everything_of(bench.path, THEIRS), everything_of(bench.path, OURS)
        together = await _both_tours(bench, rooms)
        verdicts = {org: await bench.ledger.verify(org) for org in (OURS, THEIRS)}
        return Played(
            alone=alone,
            alone_entries=alone_entries,
            together=together,
            together_entries=await bench.ledger.show(OURS, limit=1000),
            foreign=foreign,
            rows=rows,
            rows_after=everything_of(bench.path, THEIRS),
            own_rows=own_rows,
            own_rows_after=everything_of(bench.path, OURS),
            journals={org: await bench.estate.journal(org) for org in (OURS, THEIRS)},
            verified={org: (verdict.ok, verdict.entries) for org, verdict in verdicts.items()},
            exported=[line async for line in bench.ledger.export(OURS)],
        )


async def _both_tours(bench: Bench, rooms: Rooms) -> list[ToolResult]:
    """In our name: once with our ids, once with those of the other tenant."""
    return [
        *await Tour(bench, OURS, rooms.ours, OURS).run(),
        *await Tour(bench, OURS, rooms.theirs, THEIRS, prefix="named").run(),
    ]


async def test_every_tool_answers_a_tenant_as_if_it_were_alone(played: Played) -> None:
    for name, results in (("alone", played.alone), ("the other", played.foreign)):
        answered = {result.call.tool for result in results if result.ok}
        assert answered == set(build_registry().names()), f"a tool that never answers {name} shows nothing"
    assert len(played.together) == len(played.alone)
    for alone, mixed in zip(played.alone, played.together, strict=True):
        assert (mixed.call, mixed.output, mixed.failure) == (alone.call, alone.output, alone.failure)
        assert mixed.digest == alone.digest


async def test_no_row_of_the_other_tenant_moves_whatever_is_asked_in_its_names(played: Played) -> None:
    assert played.rows_after == played.rows
    moved = {name for name, rows in played.own_rows_after.items() if rows != played.own_rows[name]}
    assert moved >= {"alert_calls", "alerts", "assets", "changes", "dr_pairs", "dr_runs", "image_calls", "images"}


async def test_the_same_idempotency_keys_of_two_tenants_are_changes_of_two_tenants(played: Played) -> None:
    ours, theirs = ({entry.key for entry in played.journals[org]} for org in (OURS, THEIRS))
    assert theirs
    assert ours >= theirs


async def test_the_ledger_of_a_tenant_is_the_same_with_another_beside_it(played: Played) -> None:
    """Entries, their numbers, their bodies and what they cite; `verify` and `export` see one chain each."""
    assert [_told(entry) for entry in played.together_entries] == [_told(entry) for entry in played.alone_entries]
    assert {entry.org for entry in played.together_entries} == {OURS}
    assert played.verified[OURS] == (True, len(played.together_entries))
    assert played.verified[THEIRS][0]
    orgs = {record["org"] for record in map(json.loads, played.exported) if "org" in record}
    assert orgs == {OURS}
    assert not any(THEIRS in line for line in played.exported)


async def test_a_grant_of_the_other_tenant_opens_nothing(rooms: Rooms) -> None:
    """Signed by the same key, for the same task, tools and asset names; only its org is another."""
    async with rooms.bench(rooms.both, "borrowed") as bench:
        before = everything_of(bench.path, OURS), everything_of(bench.path, THEIRS)
        tour = Tour(bench, OURS, rooms.ours, OURS, granting=THEIRS)
        changing = [result for result in await tour.run() if result.call.grant is not None]
        catalog = bench.registry.catalog()
        assert {result.call.tool for result in changing} == {
            name for name, entry in catalog.items() if entry["risk"].startswith("state_change")
        }
        assert {result.failure.kind if result.failure else "ok" for result in changing} == {"no_grant"}
        assert (everything_of(bench.path, OURS), everything_of(bench.path, THEIRS)) == before


async def test_every_row_of_the_estate_names_its_org_first() -> None:
    for table in every_table():
        assert table.primary_key.columns.keys()[0] == "org_id", table.name


def _told(entry: Entry) -> tuple[object, ...]:
    """Everything but when, how long and the hashes."""
    body = {name: value for name, value in json.loads(entry.body).items() if name != "duration_ms"}
    return entry.seq, entry.task_id, entry.kind, entry.actor, entry.key.rpartition(":")[0], body
