"""What the gates judged, as the ledger keeps it: each plan once for each time it was judged."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import ValidationError

from bot.ledger.bodies import REFERENCE
from bot.ledger.chain import Entry
from bot.ledger.ledger import Ledger
from bot.redaction import is_object
from policies.policy import PACKAGE as PLAN_RULES
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind
from tools.contracts.verdict import GateReport

KINDS: tuple[LedgerKind, ...] = ("plan_validated", "report_validated")
_PAGE = 500


@dataclass(frozen=True)
class Judgement:
    """One verdict on record."""

    task_id: str
    revision: int
    at: str
    report: GateReport
    documents: dict[str, JsonObject] | None
    """Package → what was asked. None: an earlier version did not keep it, so it cannot be asked again."""
    plan: JsonObject | None = None
    """What was judged, redacted as everything on record is. None: an earlier version did not keep it."""
    contract: str = ""
    """The one that it had to satisfy. Empty: likewise."""
    seen: JsonObject | None = None
    """What the safety checks saw, see :class:`policies.seen.Seen`. None: likewise, or they were not come to."""

    def is_called(self, name: str) -> bool:
        """By its task's id, or by its plan's digest or the first hex digits of it (8 at least)."""
        digest = self.report.plan_digest.removeprefix("sha256:")
        wanted = name.removeprefix("sha256:")
        return name == self.task_id or (len(wanted) >= 8 and digest.startswith(wanted))


async def judgements(ledger: Ledger, org: str, *, task_id: str | None = None) -> AsyncIterator[Judgement]:
    """In the order in which they were made. Raises `LedgerUnavailable`."""
    for kind in KINDS:
        after = 0
        while page := await ledger.show(org, task_id=task_id, kind=kind, after_seq=after, limit=_PAGE):
            for entry in page:
                judgement = await _read(ledger, org, entry)
                if judgement is not None:
                    yield judgement
            after = page[-1].seq


async def _read(ledger: Ledger, org: str, entry: Entry) -> Judgement | None:
    body = await _resolved(ledger, org, json.loads(entry.body))
    if not is_object(body):
        return None
    known = {name: body[name] for name in GateReport.model_fields if name in body}
    try:
        report = GateReport.model_validate(known)
    except ValidationError:
        return None
    revision = body.get("revision")
    return Judgement(
        task_id=entry.task_id,
        revision=revision if isinstance(revision, int) else 0,
        at=entry.at,
        report=report,
        documents=_documents(body),
        plan=_object(body.get("plan")),
        contract=str(body.get("contract") or ""),
        seen=_object(body.get("seen")),
    )


def _object(value: object) -> JsonObject | None:
    return value if is_object(value) else None


def _documents(body: JsonObject) -> dict[str, JsonObject] | None:
    documents = body.get("documents")
    if not is_object(documents):
        return None
    found: dict[str, JsonObject] = {}
    for name, document in documents.items():
        if not is_object(document):
            return None
        found[name] = {**document, "plan": body.get("plan")} if name == PLAN_RULES else document
    return found


async def _resolved(ledger: Ledger, org: str, value: object) -> object:
    """The body with what was moved to artifacts back in its place."""
    if not is_object(value):
        return value
    if REFERENCE in value:
        kept = await ledger.get_artifact(org, str(value[REFERENCE]))
        return await _resolved(ledger, org, kept.value) if kept is not None else None
    return {
        name: await _resolved(ledger, org, inner) if is_object(inner) and REFERENCE in inner else inner
        for name, inner in value.items()
    }
