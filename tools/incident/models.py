"""What the incident tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.change import ChangeOutput
from tools.contracts.common import Contract, Environment
from tools.contracts.incident import AlertSeverity, AlertStatus, ChangeKind, LogLevel
from tools.fields import AssetIds, Id, Label, Moment, Names, Paged, PageOutput, Text

Relation = Literal["same_asset", "same_site", "same_fleet"]
"""How near a change was to what fell ill, nearest first. `same_fleet`: same image family in the same environment."""


class QueryAlertsInput(Paged):
    severity: AlertSeverity | None = None
    status: AlertStatus | None = None
    source: Id | None = None
    environment: Environment | None = None
    asset_ids: AssetIds = []
    sites: Names = []
    start: Moment | None = None
    """Raised at or after this moment."""
    end: Moment | None = None


class AlertRow(Contract):
    id: Id
    severity: AlertSeverity
    title: Text
    description: Text
    source: Label
    environment: Environment | None
    site: Id | None
    asset_id: Id | None
    """Null for an alert about a whole site."""
    status: AlertStatus
    raised_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: Label | None
    resolved_at: Moment | None


class QueryAlertsOutput(PageOutput):
    alerts: list[AlertRow] = Field(max_length=200)


class QueryLogsInput(Paged):
    environment: Environment | None = None
    asset_ids: AssetIds = []
    levels: list[LogLevel] = Field(default=[], max_length=5)
    units: Names = []
    contains: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Plain text in the message, whatever its case. Not a pattern."""
    start: Moment | None = None
    """Null: an hour before `end`."""
    end: Moment | None = None
    """Null: now."""


class LogRow(Contract):
    id: Id
    asset_id: Id
    at: Moment
    level: LogLevel
    unit: Label
    message: Text


class QueryLogsOutput(PageOutput):
    start: Moment
    end: Moment
    lines: list[LogRow] = Field(max_length=200)


class GetChangeHistoryInput(Paged):
    environment: Environment | None = None
    asset_ids: AssetIds = []
    sites: Names = []
    kinds: list[ChangeKind] = Field(default=[], max_length=7)
    references: Names = []
    start: Moment | None = None
    """Null: a day before `end`."""
    end: Moment | None = None
    """Null: now."""


class ChangeRow(Contract):
    id: Id
    at: Moment
    kind: ChangeKind
    reference: Label
    environment: Environment | None
    site: Id | None
    asset_id: Id | None
    actor: Label
    summary: Text


class GetChangeHistoryOutput(PageOutput):
    start: Moment
    end: Moment
    changes: list[ChangeRow] = Field(max_length=200)


class CorrelateEventsInput(Contract):
    environment: Environment | None = None
    alert_ids: Annotated[list[Id], Field(max_length=20)] = []
    """Explain these. Empty: every alert raised between `start` and `end`, page by page."""
    asset_ids: AssetIds = []
    """Explain only alerts about these."""
    start: Moment | None = None
    """Null: six hours before `end`."""
    end: Moment | None = None
    """Null: now."""
    lookback_minutes: int = Field(default=60, ge=1, le=1440)
    """How long before its onset a change may lie and still be named."""
    limit: int = Field(default=10, ge=1, le=20)
    cursor: Annotated[str, Field(min_length=1, max_length=300)] | None = None


class RelatedChange(Contract):
    reference: Label
    kind: ChangeKind
    actor: Label
    summary: Text
    change_id: Id
    """The event of this reference that is nearest to the alert."""
    at: Moment
    relation: Relation
    lead_seconds: float
    """Onset minus change: positive, the change came first; zero or negative, it cannot have been the cause."""
    preceded: bool
    """Strictly before the onset."""
    changed_assets: int = Field(ge=0)
    """That this reference touched in the time looked at, in other environments too where it touched an ill one."""
    changed_then_ill: int = Field(ge=0)
    """Of those, the ones whose first error or alert came after it."""
    association: float = Field(ge=0, le=1)
    """`changed_then_ill` over all assets that changed or are ill: 1 when exactly the changed ones fell ill."""


class AlertCorrelation(Contract):
    alert_id: Id
    severity: AlertSeverity
    status: AlertStatus
    asset_id: Id | None
    site: Id | None
    raised_at: Moment
    onset_at: Moment
    """The first error line of its asset within the lookback, else the alert itself."""
    onset_from: Literal["log", "alert"]
    alert_lag_seconds: float = Field(ge=0)
    """From the onset to the alert."""
    error_lines: int = Field(ge=0)
    first_error: Text | None
    first_error_id: Id | None
    changes: list[RelatedChange] = Field(max_length=20)
    """What preceded it first; nearest, then best associated, then latest."""
    more_changes: int = Field(ge=0)
    """Related changes beyond the list."""
    unrelated_changes_before: int = Field(ge=0)
    """References within the lookback that touched neither this asset, its site nor its fleet."""
    likely_cause: Label | None
    """The one change on the same asset that preceded it, made at least half of what it touched ill, and is better
    associated than every other such change, none nearer, none more harmful. Null: the data do not single one out."""
    missing: list[Text] = Field(max_length=5)
    """What would be needed to say more."""


class AssetOnset(Contract):
    asset_id: Id
    onset_at: Moment
    seconds_after_first: float = Field(ge=0)


class CorrelateEventsOutput(PageOutput):
    start: Moment
    end: Moment
    correlations: list[AlertCorrelation] = Field(max_length=20)
    order_of_onsets: list[AssetOnset] = Field(max_length=50)
    """Which asset fell ill first, over everything looked at."""
    more_onsets: int = Field(ge=0)
    error_lines: int = Field(ge=0)
    change_events: int = Field(ge=0)
    """How much was looked at."""


class AcknowledgeAlertInput(Contract):
    """For `acknowledge_alert` and `acknowledge_alert_nonprod`."""

    alert_id: Id
    asset_ids: Annotated[list[Id], Field(max_length=1)]
    """The asset the alert is about; empty for an alert about a whole site. Another one is refused."""
    environment: Environment | None = None


class AcknowledgeAlertOutput(ChangeOutput):
    alert_id: Id
    status: AlertStatus
    acknowledged_at: Moment | None
    acknowledged_by: Label | None
