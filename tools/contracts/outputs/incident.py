"""The incident agent's output (ADR-007)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from tools.contracts.common import Contract
from tools.contracts.incident import AlertSeverity, AlertStatus, ChangeKind
from tools.contracts.outputs.blast import BlastRadius
from tools.contracts.outputs.report import Report
from tools.contracts.plan import AssetId, Receipt
from tools.contracts.sourced import SourcedRow
from tools.contracts.statement import Statement


class NearbyChange(Contract):
    """A change near an alert, nearest first. That it came before is not that it did it."""

    reference: str
    kind: ChangeKind
    actor: str
    summary: str
    """A stranger's text."""
    change_id: str
    at: AwareDatetime
    relation: Literal["same_asset", "same_site", "same_fleet"]
    lead_seconds: float
    """Onset minus change: zero or negative, it cannot have been the cause."""
    preceded: bool
    changed_assets: int = Field(ge=0)
    changed_then_ill: int = Field(ge=0)
    """Of those, the ones that fell ill after it."""
    association: float = Field(ge=0, le=1)


class AlertLookedInto(SourcedRow):
    """One alert, its onset and what was changed near it, as `correlate_events` computed it."""

    alert_id: str
    severity: AlertSeverity
    status: AlertStatus
    asset_id: AssetId | None
    site: str | None
    raised_at: AwareDatetime
    onset_at: AwareDatetime
    onset_from: Literal["log", "alert"]
    alert_lag_seconds: float = Field(ge=0)
    error_lines: int = Field(ge=0)
    first_error: str | None
    """A stranger's text."""
    first_error_id: str | None
    changes: list[NearbyChange] = Field(max_length=20)
    more_changes: int = Field(ge=0)
    likely_cause: str | None
    """The one change that the data single out; None: they single out none."""
    missing: list[str] = Field(max_length=5)

    def change(self, reference: str) -> int | None:
        """The place of a change in the list."""
        return next((index for index, one in enumerate(self.changes) if one.reference == reference), None)


class Cause(Contract):
    """Singled out by the data, and carried by the models: without either it is none."""

    alert_id: str
    asset_id: AssetId
    reference: str
    statement: Statement
    confidence: float | None = Field(default=None, ge=0, le=1)
    """The models' agreement, which is no probability. None: one model answered, and nobody voted."""


class NotTheCause(Contract):
    """A change that came first as well, and why it is not named as the cause."""

    alert_id: str
    reference: str
    why: Statement


class Moment(Contract):
    """A point of the timeline."""

    at: AwareDatetime
    what: Literal["change", "first_error", "alert"]
    asset_id: AssetId | None
    reference: str
    """Of the change, the log line or the alert."""
    receipts: list[Receipt]

    @property
    def order(self) -> tuple[datetime, str]:
        return self.at, self.reference


class IncidentAnalysis(Report):
    """What happened, in which order, why if the data say so, and how far it reaches."""

    kind: Literal["IncidentAnalysis"] = "IncidentAnalysis"
    alerts: list[AlertLookedInto] = Field(default=[], max_length=40)
    causes: list[Cause] = Field(default=[], max_length=40)
    not_the_cause: list[NotTheCause] = Field(default=[], max_length=100)
    timeline: list[Moment] = Field(default=[], max_length=200)
    """Earliest first."""
    blast_radius: BlastRadius | None = None
    """Of the assets that are ill. None: it could not be computed, or no alert names one."""
