"""What an alert's report is headed with: whom to page, and what the records know of the like of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.blocks.triage import Triage, triage_section
from bot.local.estate.estate import SampleEstate
from bot.local.estate.seed import seed_estate
from bot.workflows.activities.triage_of import triage_of, whom_to_page
from bot.workflows.messages import TaskLimits, TaskRequest
from tests.unit.ledger.book import ORG, Book
from tests.unit.ledger.conftest import book, empty_url, url
from tools.connectors.incident import AlertQuery
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.outputs.incident import AlertLookedInto, IncidentAnalysis
from tools.contracts.outputs.report import Conclusion
from tools.contracts.statement import Statement

__all__ = ["book", "empty_url", "url"]

PAGES = {"service=checkout": "payments on call", "Site = dc-eu-1": "the site's hands", "*": "operations"}


@pytest.mark.parametrize(
    ("labels", "who"),
    [
        ({"service": "Checkout"}, ["payments on call"]),
        ({"service": "checkout", "site": "dc-eu-1"}, ["payments on call", "the site's hands"]),
        ({"service": "search"}, ["operations"]),
        ({}, ["operations"]),
    ],
)
def test_who_is_paged_goes_by_the_alerts_labels(labels: dict[str, str], who: list[str]) -> None:
    assert whom_to_page(labels, PAGES) == who


def test_nobody_is_made_up() -> None:
    assert whom_to_page({"service": "checkout"}, {}) == []
    said = triage_section(Triage("disk"), report("inconclusive"))["text"]["text"]
    assert "Nobody is configured" in said
    assert "Not that the records know of." in said
    assert "does not say. Take it for real" in said


async def test_the_same_alert_before_is_told_with_how_it_ended(book: Book, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    await seed_estate(tmp_path / "estate.db", seed=7, org=ORG, now=now)
    estate = SampleEstate(tmp_path / "estate.db", now=lambda: now)
    try:
        for number, title in enumerate(
            ["disk at 91 % on web-1", "disk at 95 % on web-1", "disk at 91 % on web-2", "x"]
        ):
            await book.ledger.record(
                "alert_triaged",
                {"task": f"t{number}", "title": title, "alerts": [f"f{number}"], "labels": {"service": "checkout"}},
                org=ORG,
                task_id=f"alert-{number}",
                actor="gavel",
                key="triaged",
            )
        await book.ledger.record(
            "task_ended",
            {"outcome": "reported", "detail": "A deploy."},
            org=ORG,
            task_id="t0",
            actor="gavel",
            key="end",
        )
        found = await triage_of(
            request("t1"), report("findings"), ledger=book.ledger, estate=estate, page={"service=checkout": "payments"}
        )
        assert [(one.reference, one.how) for one in found.before] == [("t0", "reported: A deploy.")]
        assert found.page == ["payments"]
        resolved, _ = await estate.alerts(ORG, AlertQuery(statuses=["resolved"]), limit=50, cursor=None)
        past = next(alert for alert in resolved if alert.asset_id)
        looked = await triage_of(
            request("t9"), report("findings", past.asset_id or ""), ledger=book.ledger, estate=estate, page={}
        )
        assert past.id in {one.reference for one in looked.before}
    finally:
        await estate.close()


async def test_an_end_that_somebody_edited_is_not_told(book: Book, tmp_path: Path) -> None:
    for number in range(2):
        triaged: JsonObject = {"task": f"t{number}", "title": "disk", "alerts": ["f"], "labels": {}}
        await book.ledger.record(
            "alert_triaged", triaged, org=ORG, task_id=f"alert-{number}", actor="gavel", key="triaged"
        )
    ended = {"outcome": "reported", "detail": "A deploy."}
    await book.ledger.record("task_ended", ended, org=ORG, task_id="t0", actor="gavel", key="ended")
    await book.sql("UPDATE ledger_entries SET body = :body WHERE seq = 3", body='{"outcome":"a false alarm"}')
    estate = SampleEstate(tmp_path / "none.db", now=lambda: datetime.now(UTC))
    try:
        with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
            await triage_of(request("t1"), report("findings"), ledger=book.ledger, estate=estate, page={})
    finally:
        await estate.close()


async def test_an_estate_that_is_away_is_not_taken_for_one_without_a_past(book: Book, tmp_path: Path) -> None:
    estate = SampleEstate(tmp_path / "none.db", now=lambda: datetime.now(UTC))
    try:
        found = await triage_of(request("t1"), report("findings", "web-1"), ledger=book.ledger, estate=estate, page={})
    finally:
        await estate.close()
    assert "did not answer" in triage_section(found, report("findings"))["text"]["text"]


def request(task: str) -> TaskRequest:
    return TaskRequest(
        task_id=task,
        org=ORG,
        user="alert:x",
        source="alert",
        channel="C1",
        thread_ts="1.0",
        message_ts="1.0",
        text="disk at 99 % on web-1\nmore",
        redacted=[],
        received_at=datetime.now(UTC).isoformat(),
        limits=TaskLimits(),
    )


def report(conclusion: Conclusion, asset: str = "") -> IncidentAnalysis:
    now = datetime.now(UTC)
    ill = AlertLookedInto(
        tool_call_id="t1",
        path="/alerts/0",
        alert_id="al-now",
        severity="critical",
        status="open",
        asset_id=asset or None,
        site=None,
        raised_at=now,
        onset_at=now,
        onset_from="alert",
        alert_lag_seconds=0,
        error_lines=3,
        first_error=None,
        first_error_id=None,
        changes=[],
        more_changes=0,
        likely_cause=None,
        missing=[],
    )
    return IncidentAnalysis(
        org=ORG,
        task_id="t1",
        revision=1,
        environment="production",
        conclusion=conclusion,
        summary=Statement(text="Something is failing."),
        findings=[],
        recommendations=[],
        disputed=[],
        missing=[],
        evidence=[],
        alerts=[ill] if asset else [],
    )
