"""What an incident's results suggest doing: undo the cause, look closer, or hand a failing machine to another agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.specialists.evidence import EvidenceBook
from agents.specialists.grounded import Option
from agents.specialists.incident_account import about, at
from agents.specialists.tables import is_name, items_of, stated
from tools.contracts.common import JsonObject, TaskType
from tools.contracts.outputs.incident import AlertLookedInto
from tools.contracts.outputs.report import Handover, Recommendation
from tools.contracts.plan import Receipt

_NAMED = 5


def incident_options(book: EvidenceBook, alerts: Sequence[AlertLookedInto]) -> list[Option]:
    """Most useful first."""
    failing = {alert.asset_id for alert in alerts if alert.asset_id is not None}
    found = [option for alert in alerts for option in _of(alert)]
    return [*found, *_patches(book, failing), *_drift(book, failing)]


def _of(alert: AlertLookedInto) -> Iterator[Option]:
    whom = [alert.receipt("asset_id" if alert.asset_id else "alert_id")]
    assets = [alert.asset_id] if alert.asset_id else []
    index = alert.change(alert.likely_cause) if alert.likely_cause is not None else None
    if index is not None:
        change = alert.changes[index]
        # Whoever made a change wrote both: what is no plain name is not repeated in advice.
        by = f"; {change.actor} made it" if is_name(change.actor) else ""
        what = change.reference if is_name(change.reference) else "the change that is singled out"
        text = f"Have {what} undone on {about(alert)}{by}. Gavel does not undo it."
        cited = [at(alert, index, "reference"), at(alert, index, "actor"), *whom]
        advice = Recommendation(statement=stated(text, cited), asset_ids=assets)
        yield Option(advice, frozenset({change.reference, about(alert)}))
        return
    text = f"Look at {about(alert)} by hand: the data single out no change as the cause."
    advice = Recommendation(statement=stated(text, whom), asset_ids=assets)
    yield Option(advice, frozenset({about(alert)}))


def _patches(book: EvidenceBook, failing: set[str]) -> Iterator[Option]:
    """Failing machines that an open finding of the scanner names."""
    for result in book.succeeded:
        if result.call.tool != "list_cve_alerts":
            continue
        for row, alert in enumerate(items_of(result.output or {}, "alerts")):
            hit = [(index, str(name)) for index, name in enumerate(alert["asset_ids"]) if name in failing]
            if not hit or alert["status"] != "open":
                continue
            place = f"/alerts/{row}"
            cited = [_receipt(result.call.id, place, "cve_id", alert)]
            cited += [
                Receipt(tool_call_id=result.call.id, path=f"{place}/asset_ids/{n}", value=name) for n, name in hit
            ]
            names = [name for _, name in hit]
            text = f"Patch {alert['cve_id']} on {_listed(names)}. It is not shown to be the cause."
            yield _follow_up("patch_rollout", text, names, cited, about=str(alert["cve_id"]))


def _drift(book: EvidenceBook, failing: set[str]) -> Iterator[Option]:
    """Failing machines that a comparison lists as not on their golden image."""
    for result in book.succeeded:
        if result.call.tool != "compare_versions":
            continue
        for row, drifted in enumerate(items_of(result.output or {}, "drifted")):
            if drifted["asset_id"] in failing:
                place = f"/drifted/{row}"
                cited = [_receipt(result.call.id, place, name, drifted) for name in ("asset_id", "target_version")]
                name = str(drifted["asset_id"])
                text = (
                    f"Bring {name} back to its golden image, version {drifted['target_version']}."
                    " That it drifted is not shown to be the cause."
                )
                yield _follow_up("drift_remediation", text, [name], cited, about=name)


def _follow_up(task_type: TaskType, text: str, names: list[str], cited: list[Receipt], *, about: str) -> Option:
    statement = stated(text, cited)
    goal = text.partition(". ")[0] + "."
    handover = Handover(task_type=task_type, goal=goal[:400], asset_ids=names[:200], reason=statement)
    advice = Recommendation(statement=statement, task_type=task_type, asset_ids=names[:200])
    return Option(advice, frozenset({about}), handover)


def _receipt(call: str, place: str, name: str, row: JsonObject) -> Receipt:
    return Receipt(tool_call_id=call, path=f"{place}/{name}", value=row[name])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
