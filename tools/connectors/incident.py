"""Where alerts, logs and changes come from. A connector implements the protocols whose data its source has."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from tools.contracts.common import Contract, Environment
from tools.contracts.incident import Alert, AlertSeverity, AlertStatus, ChangeEvent, ChangeKind, LogLevel, LogLine


class Span(Contract):
    """From `start` (inclusive) to `end` (inclusive); None: not bounded on that side."""

    start: datetime | None = None
    end: datetime | None = None


class AlertQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    ids: list[str] = []
    environment: Environment | None = None
    severities: list[AlertSeverity] = []
    statuses: list[AlertStatus] = []
    sources: list[str] = []
    asset_ids: list[str] = []
    sites: list[str] = []
    raised: Span = Span()


class LogQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    environment: Environment | None = None
    """Of the machine that wrote the line."""
    asset_ids: list[str] = []
    levels: list[LogLevel] = []
    units: list[str] = []
    contains: str | None = None
    """Plain text in the message, whatever its case; no pattern."""
    written: Span = Span()


class ChangeQuery(Contract):
    """All given conditions must hold. Empty means not narrowed."""

    environment: Environment | None = None
    asset_ids: list[str] = []
    sites: list[str] = []
    kinds: list[ChangeKind] = []
    references: list[str] = []
    made: Span = Span()


@runtime_checkable
class AlertSource(Protocol):
    """Every method takes the org first, from the caller. Raises `EstateError` when the source cannot answer."""

    async def alerts(
        self, org: str, query: AlertQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        """Alerts, the last raised first, and the cursor of the next page or None."""
        ...

    async def acknowledge_alert(self, org: str, alert_id: str, *, by: str, idempotency_key: str) -> Alert:
        """The alert afterwards. The same key again changes nothing and answers the same.

        Raises `EstateError`, with nothing changed, for an alert that the org does not have, one that is resolved,
        and a key that was used for something else. One that somebody acknowledged before stays theirs.
        """
        ...


@runtime_checkable
class LogSource(Protocol):
    async def logs(
        self, org: str, query: LogQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[LogLine], str | None]:
        """Log lines, the last written first, and the cursor of the next page or None. Raises `EstateError`."""
        ...


@runtime_checkable
class ChangeSource(Protocol):
    async def change_events(
        self, org: str, query: ChangeQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[ChangeEvent], str | None]:
        """Changes by whomever, the last first, and the cursor of the next page or None. Raises `EstateError`."""
        ...
