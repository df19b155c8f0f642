"""What the ledger has on record is counted: each entry once, and nothing of it that is not bounded."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.schema import migrate
from bot.telemetry.recorded import RecordedMetrics
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind, LedgerUnavailable
from tools.contracts.verdict import GateName

KEY = b"0123456789abcdef0123456789abcdef"


class Book:
    def __init__(self, ledger: Ledger, registry: CollectorRegistry, anchors: Path) -> None:
        self.ledger = ledger
        self.registry = registry
        self.anchors = anchors

    async def record(self, kind: LedgerKind, body: JsonObject, *, key: str = "k") -> None:
        await self.ledger.record(kind, body, org="T1", task_id="t", actor="gavel", key=f"{kind}:{key}")

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def text(self) -> str:
        return generate_latest(self.registry).decode()


@pytest.fixture
async def book(tmp_path: Path) -> AsyncGenerator[Book]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    await migrate(url)
    database, registry = Database.open(url), CollectorRegistry()
    counted = RecordedMetrics(registry, tools=["query_assets"])
    anchors = tmp_path / "anchors"
    ledger = Ledger(database, FileAnchor(anchors, key=KEY), key=KEY, committed=counted)
    yield Book(ledger, registry, anchors)
    await ledger.close()
    await database.close()


async def test_an_entry_that_is_written_again_is_counted_once(book: Book) -> None:
    for _ in range(3):
        await book.record("task_ended", {"outcome": "completed"})
    await book.record("task_ended", {"outcome": "expired"}, key="another")
    assert book.value("gavel_tasks_ended_total", outcome="completed") == 1
    assert book.value("gavel_tasks_ended_total", outcome="expired") == 1
    assert book.value("gavel_ledger_entries_total", kind="task_ended") == 2


async def test_what_could_not_be_recorded_is_not_counted(book: Book) -> None:
    await book.record("phase_finished", {"environment": "production", "ok": True, "ran": True})
    for anchor in book.anchors.rglob("*"):
        if anchor.is_file():
            anchor.unlink()
    with pytest.raises(LedgerUnavailable):
        await book.record("phase_finished", {"environment": "production", "ok": True, "ran": True}, key="2")
    assert book.value("gavel_phases_total", environment="production", outcome="ok") == 1


async def test_what_is_on_record_is_counted_once_though_the_anchor_failed_after_it(book: Book) -> None:
    await book.record("task_ended", {"outcome": "expired"})
    (lock,) = book.anchors.glob("*.lock")
    lock.unlink()
    lock.mkdir()
    for _ in range(2):
        with pytest.raises(LedgerUnavailable, match="cannot be written"):
            await book.record("task_ended", {"outcome": "completed"}, key="2")
    lock.rmdir()
    await book.record("task_ended", {"outcome": "completed"}, key="2")
    assert book.value("gavel_tasks_ended_total", outcome="completed") == 1
    assert book.value("gavel_ledger_entries_total", kind="task_ended") == 2


async def test_a_models_call_counts_its_tokens_and_its_price(book: Book) -> None:
    call: JsonObject = {
        "provider": "openai",
        "model": "gpt-6.1-sol",
        "purpose": "report",
        "success": True,
        "duration_ms": 1500,
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "cached_tokens": None,
        "estimated_cost": 0.25,
        "error_class": None,
    }
    await book.record("llm_called", call, key="1")
    await book.record("llm_called", {**call, "estimated_cost": None}, key="2")
    await book.record(
        "llm_called", {**call, "success": False, "error_class": "timeout", "estimated_cost": None}, key="3"
    )
    model = {"provider": "openai", "model": "gpt-6.1-sol"}
    assert book.value("gavel_model_cost_usd_total", **model) == 0.25
    assert book.value("gavel_model_calls_unpriced_total", **model) == 1
    assert book.value("gavel_model_tokens_total", **model, direction="prompt") == 3000
    assert book.value("gavel_model_calls_total", **model, purpose="report", outcome="timeout") == 1
    assert book.value("gavel_model_seconds_sum", **model) == 4.5


async def test_gates_tell_verdicts_and_the_rules_that_refused(book: Book) -> None:
    refusal = {"gate": "policy", "rule": "plan.batch_too_large", "reason": "12 servers at once"}
    body: JsonObject = {
        "subject": "plan",
        "results": [
            {"gate": "schema", "passed": True, "off": True, "refusals": [], "duration_ms": 1},
            {"gate": "policy", "passed": False, "off": False, "refusals": [refusal], "duration_ms": 4},
        ],
    }
    await book.record("plan_validated", body)
    assert book.value("gavel_gate_verdicts_total", subject="plan", gate="schema", verdict="off") == 1
    assert book.value("gavel_gate_verdicts_total", subject="plan", gate="policy", verdict="refused") == 1
    assert book.value("gavel_gate_refusals_total", gate="policy", rule="plan.batch_too_large") == 1


async def test_each_gate_that_breaks_is_counted_from_nothing(book: Book) -> None:
    for gate in get_args(GateName):
        counted = {"gate": gate, "rule": f"{gate}.failed"}
        assert book.value("gavel_gate_refusals_total", **counted) == 0
        refusal = {**counted, "reason": "It broke."}
        results = [{"gate": gate, "passed": False, "refusals": [refusal], "duration_ms": 1}]
        await book.record("plan_validated", {"subject": "plan", "results": results}, key=gate)
        assert book.value("gavel_gate_refusals_total", **counted) == 1


async def test_decisions_tell_why_they_did_not_count_and_how_long_people_took(book: Book) -> None:
    await book.record("decision_accepted", {"verdict": "approve", "settled": False, "waited_seconds": 5}, key="1")
    await book.record("decision_accepted", {"verdict": "approve", "settled": True, "waited_seconds": 42}, key="2")
    await book.record("decision_refused", {"problem": "self_approval", "user": "U1"})
    assert book.value("gavel_approval_wait_seconds_count", verdict="approve") == 1
    assert book.value("gavel_approval_wait_seconds_sum", verdict="approve") == 42
    assert book.value("gavel_decisions_total", verdict="approve", settled="false") == 1
    assert book.value("gavel_decisions_refused_total", problem="self_approval") == 1


async def test_councils_tell_who_failed_and_how_far_they_agreed(book: Book) -> None:
    members = [
        {"model": "a/one", "state": "answered", "latency_ms": 1200},
        {"model": "b/two", "state": "failed", "latency_ms": 9000},
    ]
    await book.record(
        "council_voted",
        {"mode": "council", "degraded": None, "consensus": True, "members": members, "agreement": 0.9, "dissent": [{}]},
    )
    assert book.value("gavel_council_outcomes_total", mode="council", outcome="consensus") == 1
    assert book.value("gavel_council_members_total", model="b/two", state="failed") == 1
    assert book.value("gavel_council_seconds_sum", mode="council") == 1.2
    assert book.value("gavel_council_agreement_sum") == 0.9
    assert book.value("gavel_council_dissent_total") == 1


HOSTILE = 'U0ADA00001 web-14 xoxb-1234567890-secret",evil="1'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("tool_called", {"stage": "outcome", "tool": HOSTILE, "outcome": HOSTILE, "duration_ms": 1}),
        ("decision_refused", {"problem": HOSTILE, "user": HOSTILE}),
        ("task_ended", {"outcome": HOSTILE}),
        ("rollback_finished", {"environment": HOSTILE, "ok": False}),
        ("plan_validated", {"subject": HOSTILE, "results": [{"gate": HOSTILE, "refusals": [{"rule": HOSTILE}]}]}),
        ("council_voted", {"mode": HOSTILE, "members": [{"model": HOSTILE, "state": HOSTILE}]}),
        ("llm_called", {"provider": HOSTILE, "model": HOSTILE, "purpose": HOSTILE, "error_class": HOSTILE}),
        ("approval_waived", {"autonomy": {"mode": HOSTILE}}),
        ("decision_accepted", {"verdict": HOSTILE, "settled": True, "waited_seconds": None}),
    ],
)
async def test_no_word_of_a_person_or_a_model_becomes_a_label(book: Book, kind: LedgerKind, body: Any) -> None:
    await book.record(kind, body)
    assert book.value("gavel_ledger_entries_total", kind=kind) == 1
    for word in ("U0ADA", "web-14", "xoxb", "evil"):
        assert word not in book.text()


async def test_what_cannot_be_counted_is_recorded_all_the_same(book: Book) -> None:
    await book.record("llm_called", {"duration_ms": "no number"})
    assert len(await book.ledger.show("T1")) == 1
