"""A week of a thousand engineers, a million entries: how long people wait for what they read of it, and writes take.

`GAVEL_BENCH_ENTRIES` makes it shorter.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.blocks.actions import APPROVE
from bot.home.record import council_record
from bot.ledger import reader
from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.labels import Labels
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from bot.policy_desk import KINDS as JUDGED
from bot.routing.tracks import Tracks
from bot.tasks.board import TaskBoard
from bot.usage.query import DIMENSIONS, Dimension, usage_by
from bot.workflows.task import TaskWorkflow
from tests.benchmarks.figures import held, now_ms, percentile
from tests.benchmarks.history import History, Template, template_of, write_history
from tests.postgres import database_on
from tests.whole.town import open_town

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]

ENTRIES = int(os.environ.get("GAVEL_BENCH_ENTRIES", "1000000"))
DAYS, WAITING, PEOPLE, CHANNELS = 7, 1000, 1000, 100
TIMES = 40
"""Each read, of another task, person or channel each time."""

APPENDS = 300

KEY = b"a benchmark's key of 32 bytes ...."

Read = Callable[[], Awaitable[object]]


@pytest.fixture(scope="module")
async def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A task as the rehearsal models and their council work on it, to its end."""
    async with open_town(tmp_path_factory.mktemp("town"), GAVEL_LIMITS_PERSON_REQUESTS="0") as town:
        await town.serve("both")
        said = await town.stage.say("ada", "ops", "@gavel council: production web servers have drifted, fix it")
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert result.outcome == "completed", result.detail
        found = await template_of(town, task, asker="U0ADA00001", channel=said.channel)
    print(
        f"\n  a task: {len(found.entries)} entries of {found.entry_bytes:.0f} bytes, {len(found.requests)} calls with "
        f"{found.tokens[0]:,} tokens in and {found.tokens[1]:,} out, "
        f"{len(found.artifacts)} artifacts of {found.artifact_bytes:,} bytes together",
        flush=True,
    )
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    async with database_on(request.getfixturevalue("postgres_url")) as made:
        yield made


async def test_scale_of_the_ledger(url: str, tmp_path: Path, template: Template) -> None:
    async with _opened(url, tmp_path) as (database, ledger, anchor):
        engine = database.engine.dialect.name
        history = await write_history(
            database, anchor, key=KEY, template=template, entries=ENTRIES, days=DAYS, waiting=WAITING, people=PEOPLE,
            channels=CHANNELS,
        )  # fmt: skip
        size = await _megabytes(database)
        print(
            f"\n  {engine}: {history.entries:,} entries of {len(history.tasks):,} tasks and {history.calls:,} calls "
            f"written in {history.seconds:.0f} s ({history.entries / history.seconds:.0f} a second); {size:,.0f} MB, "
            f"{1e6 * size / history.entries:,.0f} bytes an entry with all that belongs to it",
            flush=True,
        )
        await _analysed(database)
        slow: dict[str, float] = {}
        sums: dict[str, float] = {}
        for group, reads in (("", _reads(database, ledger, history)), ("sums: ", _sums(database, history))):
            for name, read in reads.items():
                took = await _timed(read)
                p95 = percentile(took, 95)
                print(f"  {engine}: {group}{name}: p50 {percentile(took, 50):.1f}, p95 {p95:.1f} ms", flush=True)
                if not group:
                    slow[name] = p95
                elif name.startswith("/gavel usage"):
                    sums[name] = percentile(took, 50)
        appends = await _appends(ledger, history)
        began = time.monotonic()
        found = await ledger.verify(history.org)
        took_s = time.monotonic() - began
        assert found.ok, found.problem
        print(f"  {engine}: verified {found.entries / took_s:,.0f} entries a second, {took_s:.0f} s in all", flush=True)
        worst = max(slow, key=lambda name: slow[name])
        held(f"the slowest read of {history.entries:,} entries in {engine}, p95", slow[worst], unit="ms", bound=100,
             chosen="scale_of_the_ledger", beside=worst)  # fmt: skip
        dearest = max(sums, key=lambda name: sums[name])
        held(f"`gavel usage` of {history.calls:,} calls in {engine}, p50", sums[dearest], unit="ms", bound=100,
             chosen="scale_of_the_ledger", beside=dearest)  # fmt: skip
        held(f"one entry more, {engine}, p95", percentile(appends, 95), unit="ms", bound=50,
             chosen="scale_of_the_ledger", beside=f"p50 {percentile(appends, 50):.1f} ms")  # fmt: skip


def _reads(database: Database, ledger: Ledger, history: History) -> Mapping[str, Read]:
    """What surfaces and tasks read, each of somebody else each time."""
    dice, org, board = random.Random("what is read"), history.org, TaskBoard(database, "https://x.slack.com/")
    ended = history.tasks[: len(history.tasks) - len(history.waiting)]

    def task() -> str:
        return dice.choice(ended)

    def person() -> str:
        return dice.choice(history.people)

    def channel() -> str:
        return dice.choice(history.channels)

    def anywhere() -> int:
        return dice.randrange(history.entries)

    return {
        "ledger show": lambda: ledger.show(org, after_seq=anywhere()),
        "ledger show TASK": lambda: ledger.show(org, task_id=task()),
        "ledger show TASK --kind tool_called": lambda: ledger.show(org, task_id=task(), kind="tool_called"),
        "ledger show --kind llm_called": lambda: ledger.show(org, kind="llm_called", after_seq=anywhere()),
        "ledger show --kind, of which there is none": lambda: ledger.show(org, kind="entries_lost"),
        "/gavel tasks, running": lambda: board.recent(org, channel=channel(), running=True, limit=15),
        "/gavel tasks, ended": lambda: board.recent(org, channel=channel(), running=False, limit=10),
        "/gavel tasks mine, running": lambda: board.recent(org, user=person(), running=True, limit=15),
        "/gavel tasks mine, ended": lambda: board.recent(org, user=person(), running=False, limit=10),
        "gavel tasks, running": lambda: board.recent(org, running=True, limit=30),
        "gavel tasks, ended": lambda: board.recent(org, running=False, limit=30),
        "/gavel task ID": lambda: board.one(org, task()),
        "its steps": lambda: reader.entries(database, org, task_id=task(), limit=200),
        "/gavel approvals": lambda: board.waiting(org, person(), ["approver", "admin"], limit=20),
        "home: the newest change": lambda: board.newest_change(org),
        "home: what a person used in the week": lambda: usage_by(
            database, org, "mode", since=history.began, user=person()
        ),
        "home: how the council did": lambda: council_record(database, org),
        "/gavel policy: the newest verdicts": lambda: reader.latest(
            database, org, kinds=JUDGED, besides_task="", before_seq=None, limit=50
        ),
        "/gavel freeze list": lambda: ledger.declared_freezes(org, now=history.ended),
        "a task's papers": lambda: ledger.whole(org, task(), {"plan_proposed", "plan_validated", "task_received"}),
        "what its tools found": lambda: ledger.tool_results(org, task(), ["t1"]),
        "what it cost": lambda: ledger.cost(org, task()),
        "whether it is on record": lambda: ledger.known(org, task(), ["received"]),
        "alike alerts, of the newest 500": lambda: ledger.lately(org, ["alert_triaged"], limit=500),
        "when production was last changed": lambda: ledger.last_change(org, "production", besides=task()),
    }


def _sums(database: Database, history: History) -> Mapping[str, Read]:
    """Over every call of a whole week, or of thousands of plans: they take as long as there are such."""
    org, day = history.org, history.ended - timedelta(days=1)

    def by_the_week(by: Dimension) -> Read:
        return lambda: usage_by(database, org, by, since=history.began)

    return {
        **{f"/gavel usage --by {by}, a week": by_the_week(by) for by in DIMENSIONS},
        "/gavel usage --by person, a day": lambda: usage_by(database, org, "person", since=day),
        "what members proved worth, of the newest 2,000 plans (each council)": lambda: Labels(database).learned(
            org, "drift"
        ),
        "which model to ask (every few minutes at most)": lambda: Tracks(database).of(
            org, "reason", agent=None, until=history.ended
        ),
    }


async def _timed(read: Read) -> list[float]:
    await read()
    took: list[float] = []
    for _ in range(TIMES):
        began = now_ms()
        await read()
        took.append(now_ms() - began)
        if sum(took) > 8_000:
            break
    return took


async def _appends(ledger: Ledger, history: History) -> list[float]:
    took: list[float] = []
    for number in range(APPENDS):
        began = now_ms()
        await ledger.record(
            "tool_called", {"n": number}, org=history.org, task_id=f"appended-{number}", actor="gavel", key="k"
        )
        took.append(now_ms() - began)
    return took


@asynccontextmanager
async def _opened(url: str, folder: Path) -> AsyncGenerator[tuple[Database, Ledger, FileAnchor]]:
    await migrate(url)
    database, anchor = Database.open(url), FileAnchor(folder / "anchors", key=KEY)
    ledger = Ledger(database, anchor, key=KEY, now=lambda: datetime.now(UTC))
    try:
        yield database, ledger, anchor
    finally:
        await ledger.close()
        await database.close()


async def _megabytes(database: Database) -> float:
    sqlite = database.engine.dialect.name == "sqlite"
    asked = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if sqlite
        else "SELECT pg_database_size(current_database())"
    )
    async with database.reading() as connection:
        return int((await connection.execute(text(asked))).scalar_one()) / 1e6


async def _analysed(database: Database) -> None:
    """PostgreSQL's own daemon would do so within a minute. SQLite knows nothing of its rows: nobody asks it to."""
    if database.engine.dialect.name == "postgresql":
        async with database.writing("analysing") as connection:
            await connection.execute(text("ANALYZE"))
