"""Metrics of what the ledger has on record: each entry is counted when it is committed, and a repeat of it is not.

So the figures agree with the record, whatever is tried again: an activity's second attempt writes no second entry.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter

from bot.telemetry.recorded_council import CouncilMetrics
from bot.telemetry.recorded_models import ModelMetrics
from bot.telemetry.recorded_run import RunMetrics
from bot.telemetry.recorded_verdicts import VerdictMetrics
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

_log = logging.getLogger(__name__)

Seen = Callable[[JsonObject], None]


class RecordedMetrics:
    """Told of each new entry by the ledger of this process. What other processes record, they count."""

    def __init__(self, registry: CollectorRegistry, *, tools: Collection[str]) -> None:
        """`tools`: the names that there are. A model asks for others, too."""
        self._entries = Counter("gavel_ledger_entries_total", "Entries of the ledger.", ["kind"], registry=registry)
        models, run = ModelMetrics(registry), RunMetrics(registry, tools=tools)
        verdicts, council = VerdictMetrics(registry), CouncilMetrics(registry)
        self._seen: Final[Mapping[LedgerKind, Seen]] = {
            "llm_called": models.called,
            "llm_answer_reused": models.reused,
            "council_voted": council.voted,
            "plan_validated": verdicts.judged,
            "report_validated": verdicts.judged,
            "approval_requested": verdicts.requested,
            "approval_waived": verdicts.waived,
            "decision_accepted": verdicts.accepted,
            "decision_refused": verdicts.refused,
            "tool_called": run.tool_called,
            "phase_finished": run.phase_finished,
            "rollback_finished": run.rolled_back,
            "task_ended": run.ended,
        }
        for kind in get_args(LedgerKind):
            self._entries.labels(kind)

    def __call__(self, kind: LedgerKind, body: JsonObject) -> None:
        """Never raises: what cannot be counted is recorded all the same."""
        self._entries.labels(kind).inc()
        seen = self._seen.get(kind)
        if seen is None:
            return
        try:
            seen(body)
        except Exception:
            _log.exception("An entry of kind %s could not be counted; it is on record", kind)
