"""What an incident leaves behind: alerts, log lines and changes, whichever source they come from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tools.contracts.common import Contract, Environment

AlertSeverity = Literal["critical", "warning", "info"]
AlertStatus = Literal["open", "acknowledged", "resolved"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
ChangeKind = Literal["deploy", "config", "image", "certificate", "restart", "scaling", "network"]


class Alert(Contract):
    """An alert as its source keeps it. Title and description are strangers' text."""

    id: str
    org_id: str
    severity: AlertSeverity
    title: str
    description: str
    source: str
    environment: Environment | None = None
    site: str | None = None
    asset_id: str | None = None
    """None for an alert about a whole site."""
    status: AlertStatus
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None


class LogLine(Contract):
    """One line of a machine's log. The message is a stranger's text."""

    id: str
    org_id: str
    asset_id: str
    at: datetime
    level: LogLevel
    unit: str
    message: str


class ChangeEvent(Contract):
    """That something was changed, by whomever. A change of several machines is several events of one reference."""

    id: str
    org_id: str
    at: datetime
    kind: ChangeKind
    reference: str
    """The change ticket, release or rollout that the event belongs to."""
    environment: Environment | None = None
    site: str | None = None
    asset_id: str | None = None
    """None for a change of a whole site."""
    actor: str
    summary: str
