"""Tables of what incidents leave behind: alerts, logs, changes by whomever."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from bot.local.estate.tables import Moment, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("severity", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", String(500), nullable=False),
    Column("source", String(64), nullable=False),
    Column("environment", String(16)),
    Column("site", String(64)),
    Column("asset_id", String(128)),
    Column("status", String(16), nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("acknowledged_at", Moment),
    Column("acknowledged_by", String(64)),
    Column("resolved_at", Moment),
)

alert_calls = Table(
    "alert_calls",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("idempotency_key", String(128), primary_key=True),
    Column("alert_id", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

logs = Table(
    "logs",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("asset_id", String(128), nullable=False),
    Column("at", Moment, nullable=False),
    Column("level", String(8), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("message", String(500), nullable=False),
    Index("logs_by_asset", "org_id", "asset_id", "at"),
    Index("logs_by_time", "org_id", "at"),
)

change_events = Table(
    "change_events",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("environment", String(16)),
    Column("site", String(64)),
    Column("asset_id", String(128)),
    Column("actor", String(64), nullable=False),
    Column("summary", String(300), nullable=False),
    Index("change_events_by_time", "org_id", "at"),
)
