"""What happened, told by code from the correlated alerts: the cause, what only came first, and the order of it all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agents.specialists.tables import stated
from tools.contracts.outputs.incident import AlertLookedInto, Cause, Moment, NotTheCause
from tools.contracts.plan import Receipt

_OTHERS = 5
"""Changes of one alert that are told as not the cause."""


def about(alert: AlertLookedInto) -> str:
    """The machine; the alert itself where it names none."""
    return alert.asset_id or alert.alert_id


def cause_of(alert: AlertLookedInto, agreement: float | None) -> Cause:
    """Of an alert with a `likely_cause`."""
    reference, asset_id = alert.likely_cause or "", alert.asset_id or ""
    return Cause(
        alert_id=alert.alert_id,
        asset_id=asset_id,
        reference=reference,
        statement=stated(
            f"{reference} is singled out as the cause of what {asset_id} has.",
            [alert.receipt(name) for name in ("likely_cause", "asset_id", "alert_id")],
        ),
        confidence=agreement,
    )


def others_of(alert: AlertLookedInto) -> Iterator[NotTheCause]:
    """Changes that came first as well. That they did is no reason to name them."""
    named = [
        (index, change)
        for index, change in enumerate(alert.changes)
        if change.preceded and change.reference != alert.likely_cause
    ]
    for index, change in named[:_OTHERS]:
        yield NotTheCause(
            alert_id=alert.alert_id,
            reference=change.reference,
            why=stated(
                f"{change.reference} came first too. Machines it changed: {change.changed_assets}; of these, ill after"
                f" it: {change.changed_then_ill}. The data do not single it out.",
                [
                    *(at(alert, index, name) for name in ("reference", "changed_assets", "changed_then_ill")),
                    alert.receipt("alert_id"),
                ],
            ),
        )


def moments_of(alert: AlertLookedInto) -> Iterator[Moment]:
    """What is known of one alert, as points in time."""
    asset = [alert.receipt("asset_id")] if alert.asset_id else []
    yield Moment(
        at=alert.raised_at,
        what="alert",
        asset_id=alert.asset_id,
        reference=alert.alert_id,
        receipts=[alert.receipt("raised_at"), alert.receipt("alert_id"), *asset],
    )
    if alert.onset_from == "log" and alert.first_error_id is not None:
        yield Moment(
            at=alert.onset_at,
            what="first_error",
            asset_id=alert.asset_id,
            reference=alert.first_error_id,
            receipts=[alert.receipt("onset_at"), alert.receipt("first_error_id"), *asset],
        )
    for index, change in enumerate(alert.changes):
        if change.relation == "same_asset":
            yield Moment(
                at=change.at,
                what="change",
                asset_id=alert.asset_id,
                reference=change.reference,
                receipts=[at(alert, index, "at"), at(alert, index, "reference"), *asset],
            )


def in_time(moment: Moment) -> tuple[datetime, str, str]:
    return moment.at, moment.reference, moment.asset_id or ""


def at(alert: AlertLookedInto, index: int, name: str) -> Receipt:
    """Of one value of a change near the alert."""
    value = alert.changes[index].model_dump(mode="json", include={name})[name]
    return Receipt(tool_call_id=alert.tool_call_id, path=f"{alert.path}/changes/{index}/{name}", value=value)
