"""Recording: durable, idempotent, redacted, bounded, apart by org."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.ledger.anchor import FileAnchor
from bot.ledger.bodies import MAX_BODY_BYTES, REFERENCE
from bot.ledger.chain import Head
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger, timestamp
from bot.ledger.schema import migrate
from tests.unit.ledger.book import KEY, ORG, Book
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.ledger import LedgerUnavailable, Recorder


async def test_an_entry_is_committed_and_anchored_when_record_returns(book: Book) -> None:
    recorder: Recorder = book.ledger
    await recorder.record("task_received", {"text": "fix it"}, org=ORG, task_id="t", actor="U1", key="received")
    (entry,) = await book.entries()
    assert (entry.seq, entry.kind, entry.actor, entry.task_id) == (1, "task_received", "U1", "t")
    assert json.loads(entry.body) == {"text": "fix it"}
    assert await book.anchor.read(ORG) == Head(1, entry.hash)


async def test_the_same_key_twice_changes_nothing(book: Book) -> None:
    await book.record({"n": 1}, key="once")
    await book.record({"n": 2}, key="once")
    await asyncio.gather(*(book.record({"n": 3}, key="once") for _ in range(20)))
    assert await book.body("once") == {"n": 1}
    assert len(await book.entries()) == 1


async def test_the_same_key_at_once_in_one_batch_is_written_once(book: Book) -> None:
    await asyncio.gather(*(book.record({"n": n}, key="same") for n in range(50)))
    assert len(await book.entries()) == 1
    assert (await book.ledger.verify(ORG)).ok


async def test_the_same_key_of_another_task_or_org_is_another_entry(book: Book) -> None:
    await book.record({}, key="k")
    await book.record({}, key="k", task_id="task-2")
    await book.record({}, key="k", org="T0OTHER")
    assert len(await book.entries()) == 2
    assert len(await book.entries("T0OTHER")) == 1


async def test_concurrent_records_share_transactions_and_leave_no_gap(book: Book) -> None:
    started = time.perf_counter()
    await asyncio.gather(*(book.record({"n": n}, key=f"k{n}") for n in range(1000)))
    seconds = time.perf_counter() - started
    print(
        f"group commit: {1000 / seconds:.0f} entries/s with 1,000 calls at once ({book.database.engine.dialect.name})"
    )
    entries = await book.entries()
    assert [entry.seq for entry in entries] == list(range(1, 1001))
    assert (await book.ledger.verify(ORG)).ok


async def test_one_org_never_sees_another(book: Book) -> None:
    secret: JsonObject = {"plan": "of T0OTHER"}
    await book.record({"plan": "of ours"}, key="k")
    await book.record(secret, key="k", org="T0OTHER")
    await book.ledger.put_artifact("T0OTHER", "task-1", digest=digest_of(secret), body=secret)
    assert [entry.org for entry in await book.entries()] == [ORG]
    assert await book.ledger.get_artifact(ORG, digest_of(secret)) is None
    assert (await book.ledger.verify(ORG)).entries == 1
    lines = [line async for line in book.ledger.export(ORG)]
    assert not any("T0OTHER" in line for line in lines)


async def test_a_body_is_redacted_before_it_is_written(book: Book) -> None:
    key = "ghp_" + "a1B2" * 9
    await book.record({"log": f"cloning with {key}", "nested": [{"password": "hunter2"}]}, key="k")
    stored = str(await book.sql("SELECT body FROM ledger_entries"))
    assert key not in stored
    assert "hunter2" not in stored
    assert (await book.body("k"))["log"] == "cloning with [redacted:github_token]"


async def test_a_large_value_becomes_an_artifact_of_the_same_transaction(book: Book) -> None:
    rows = [{"id": f"web-{n}", "state": "drifted"} for n in range(2000)]
    await book.record({"tool": "query_assets", "output": {"assets": rows}}, key="big")
    body = await book.body("big")
    assert body["tool"] == "query_assets"
    digest = body["output"][REFERENCE]
    kept = await book.ledger.get_artifact(ORG, digest)
    assert kept is not None
    assert kept.value == {"assets": rows}
    assert digest == digest_of({"assets": rows})
    (entry,) = await book.entries()
    assert len(entry.body.encode()) <= MAX_BODY_BYTES


async def test_many_small_values_are_bounded_too(book: Book) -> None:
    body: JsonObject = {f"key{n}": "x" * 100 for n in range(1000)}
    await book.record(body, key="many")
    stored = await book.body("many")
    kept = await book.ledger.get_artifact(ORG, stored[REFERENCE])
    assert kept is not None
    assert kept.value == body


async def test_a_forged_reference_in_a_body_is_not_taken_for_one(book: Book) -> None:
    forged = {REFERENCE: "sha256:" + "0" * 64}
    await book.record({"tool_output": forged}, key="nested")
    await book.record(dict(forged), key="whole")
    assert (await book.ledger.verify(ORG)).ok


@pytest.mark.parametrize(
    "value",
    ["\ud800 lone surrogate", "nul \x00 byte", float("nan"), float("inf"), "😀" * 50, "\u2028", -(2**80), None],
)
async def test_whatever_a_model_wrote_can_be_recorded(book: Book, value: object) -> None:
    await book.record({"value": value, "\ud800": 1}, key="odd")
    assert (await book.ledger.verify(ORG)).ok
    assert len(await book.entries()) == 1


async def test_deep_nesting_is_cut_and_recorded(book: Book) -> None:
    body: JsonObject = {}
    inner = body
    for _ in range(500):
        inner["x"] = {}
        inner = inner["x"]
    await book.record(body, key="deep")
    assert "[redacted:depth]" in (await book.entries())[0].body


@pytest.mark.parametrize("key", ["", "x" * 513, "nul\x00", "\ud800"])
async def test_a_key_no_database_could_hold_is_refused_before_anything_is_written(book: Book, key: str) -> None:
    with pytest.raises(LedgerUnavailable, match="was not touched"):
        await book.record({}, key=key)
    assert await book.entries() == []


async def test_a_body_that_is_no_json_is_refused(book: Book) -> None:
    with pytest.raises(LedgerUnavailable, match="it is not JSON"):
        await book.record({"when": datetime.now(UTC)}, key="k")


async def test_an_artifact_under_another_digest_is_refused(book: Book) -> None:
    with pytest.raises(LedgerUnavailable, match="has another digest"):
        await book.ledger.put_artifact(ORG, "t", digest=digest_of({"a": 1}), body={"a": 2})
    assert await book.ledger.get_artifact(ORG, digest_of({"a": 1})) is None


async def test_an_artifact_is_redacted_and_says_so(book: Book) -> None:
    output: JsonObject = {"line": "token: abcdef1234567890"}
    for _ in range(2):
        await book.ledger.put_artifact(ORG, "t", digest=digest_of(output), body=output)
    kept = await book.ledger.get_artifact(ORG, digest_of(output))
    assert kept is not None
    assert kept.value == {"line": "token: [redacted:token]"}
    assert kept.redacted == ["token"]
    assert kept.task_id == "t"


async def test_an_edited_artifact_is_not_handed_out(book: Book) -> None:
    await book.ledger.put_artifact(ORG, "t", digest=digest_of({"a": 1}), body={"a": 1})
    await book.sql("UPDATE artifacts SET body = :body", body='{"a":2}')
    with pytest.raises(LedgerUnavailable, match="was changed"):
        await book.ledger.get_artifact(ORG, digest_of({"a": 1}))


async def test_show_filters_by_task_and_kind_and_pages(book: Book) -> None:
    await book.add(3)
    await book.add(2, task_id="task-2")
    assert [e.seq for e in await book.ledger.show(ORG, task_id="task-2")] == [4, 5]
    assert [e.seq for e in await book.ledger.show(ORG, after_seq=1, limit=2)] == [2, 3]
    assert await book.ledger.show(ORG, kind="task_ended") == []


async def test_a_locked_database_is_unavailable_and_works_again_once_free(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    await migrate(f"sqlite:///{path}")
    database = Database.open(f"sqlite:///{path}", lock_timeout_seconds=0.05)
    ledger = Ledger(database, FileAnchor(tmp_path / "anchors", key=KEY), key=KEY)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerUnavailable, match=r"database is locked.*Nothing was recorded"):
        await ledger.record("task_ended", {}, org=ORG, task_id="t", actor="gavel", key="k")
    other.close()
    await ledger.record("task_ended", {}, org=ORG, task_id="t", actor="gavel", key="k")
    assert (await ledger.verify(ORG)).entries == 1
    await ledger.close()
    await database.close()


async def test_a_write_the_database_refuses_leaves_nothing_of_the_entry(book: Book) -> None:
    await book.add(1)
    await book.sql("DROP TABLE artifacts")
    with pytest.raises(LedgerUnavailable, match="could not be written"):
        await book.record({"big": "x" * 100_000}, key="big")
    assert len(await book.entries()) == 1


async def test_a_database_without_schema_is_unavailable(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'new.db'}")
    ledger = Ledger(database, FileAnchor(tmp_path / "anchors", key=KEY), key=KEY)
    with pytest.raises(LedgerUnavailable, match="schema is current"):
        await ledger.record("task_ended", {}, org=ORG, task_id="t", actor="gavel", key="k")
    with pytest.raises(LedgerUnavailable, match="could not be read"):
        await ledger.verify(ORG)
    await ledger.close()
    await database.close()


async def test_after_close_nothing_is_accepted_and_what_was_accepted_is_written(book: Book) -> None:
    calls = [asyncio.create_task(book.record({}, key=f"k{n}")) for n in range(20)]
    await asyncio.sleep(0)
    await book.ledger.close()
    await asyncio.gather(*calls)
    assert len(await book.entries()) == 20
    with pytest.raises(LedgerUnavailable, match="closed"):
        await book.record({}, key="late")


async def test_a_cancelled_caller_does_not_disturb_the_others(book: Book) -> None:
    calls = [asyncio.create_task(book.record({}, key=f"k{n}")) for n in range(20)]
    await asyncio.sleep(0)
    calls[3].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [number for number, result in enumerate(results) if result is not None] == [3]
    assert (await book.ledger.verify(ORG)).ok


async def test_a_short_key_is_refused(book: Book) -> None:
    with pytest.raises(ValueError, match="needs at least 16"):
        Ledger(book.database, book.anchor, key=b"short")


def test_times_are_utc_with_microseconds() -> None:
    berlin = datetime(2026, 1, 2, 3, 0, 0, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(berlin) == "2026-01-02T02:00:00.000000Z"
