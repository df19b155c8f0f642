"""What is known of an alert besides its report: the same one before, and whom to page for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.alerts.volatile import without_values
from bot.blocks.triage import Before, Triage
from bot.ledger.chain import Entry
from bot.ledger.ledger import Ledger
from bot.workflows.messages import TaskRequest
from tools.connectors.base import Estate, EstateError
from tools.connectors.incident import AlertQuery, AlertSource
from tools.contracts.outputs import AnyReport
from tools.contracts.outputs.incident import IncidentAnalysis

LOOKED_AT = 500
"""The newest triages of the org."""

MOST = 3

_BODY = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class _Triaged:
    """An entry of the ledger."""

    task: str
    at: datetime
    title: str
    alerts: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


async def triage_of(
    request: TaskRequest, report: AnyReport, *, ledger: Ledger, estate: Estate, page: Mapping[str, str]
) -> Triage:
    """Raises `LedgerUnavailable`. Where the estate does not answer the triage says so."""
    task = request.handed_over_from or request.task_id
    known = [_read(entry) for entry in await ledger.lately(request.org, ["alert_triaged"], limit=LOOKED_AT)]
    mine = next((one for one in known if one is not None and one.task == task), None)
    title = mine.title if mine is not None else request.text.partition("\n")[0]
    alike = [one for one in known if one is not None and one.task not in ("", task) and _same(one, mine, title)]
    before = [await _ended(one, request.org, ledger) for one in alike[:MOST]]
    missing: list[str] = []
    try:
        before += await _in_estate(request.org, report, estate)
    except EstateError:
        missing.append("The inventory did not answer about earlier alerts.")
    return Triage(
        title=title,
        before=sorted(before, key=lambda one: one.at, reverse=True)[:MOST],
        page=whom_to_page(mine.labels if mine is not None else {}, page),
        missing=missing,
    )


def whom_to_page(labels: Mapping[str, str], page: Mapping[str, str]) -> list[str]:
    """Those configured for one of the labels; else those for everything."""
    found = [who for rule, who in page.items() if _fits(rule, labels)]
    return list(dict.fromkeys(found)) or ([page["*"]] if "*" in page else [])


def _fits(rule: str, labels: Mapping[str, str]) -> bool:
    name, equals, value = rule.partition("=")
    return bool(equals) and labels.get(name.strip().lower(), "").lower() == value.strip().lower()


def _same(one: _Triaged, mine: _Triaged | None, title: str) -> bool:
    return (mine is not None and bool(set(one.alerts[:1]) & set(mine.alerts))) or (
        without_values(one.title) == without_values(title)
    )


async def _ended(one: _Triaged, org: str, ledger: Ledger) -> Before:
    how = "still open"
    for _, body in await ledger.whole(org, one.task, ["task_ended"]):
        how = f"{body.get('outcome', '')}: {body.get('detail', '')}"
    return Before(at=one.at, what=one.title, how=how, reference=one.task)


async def _in_estate(org: str, report: AnyReport, estate: Estate) -> list[Before]:
    """Resolved alerts of the same machines."""
    if not isinstance(report, IncidentAnalysis) or not isinstance(estate, AlertSource):
        return []
    ill = sorted({alert.asset_id for alert in report.alerts if alert.asset_id})[:20]
    if not ill:
        return []
    now = {alert.alert_id for alert in report.alerts}
    found, _ = await estate.alerts(org, AlertQuery(asset_ids=ill, statuses=["resolved"]), limit=10, cursor=None)
    return [
        Before(at=alert.raised_at, what=alert.title, how="resolved", reference=alert.id)
        for alert in found
        if alert.id not in now
    ]


def _read(entry: Entry) -> _Triaged | None:
    """None: one that this version does not know how to read."""
    try:
        body = _BODY.validate_json(entry.body)
        return TypeAdapter(_Triaged).validate_python(
            {
                "task": body.get("task"),
                "at": entry.at,
                "title": body.get("title"),
                "alerts": body.get("alerts"),
                "labels": body.get("labels"),
            }
        )
    except ValidationError:
        return None
