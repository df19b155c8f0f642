"""Tables for what is known about the estate: vulnerabilities, recovery pairs, bills."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, String, Table

from bot.local.estate.tables import Moment, metadata

cve_alerts = Table(
    "cve_alerts",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("cve", String(24), primary_key=True),
    Column("severity", String(16)),
    Column("package", String(128), nullable=False),
    Column("image_ids", JSON, nullable=False),
    Column("asset_ids", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("detected_at", Moment, nullable=False),
)

bills = Table(
    "bills",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("site", String(64), primary_key=True),
    Column("environment", String(16), primary_key=True),
    Column("image_family", String(64), primary_key=True),
    Column("assets", Integer, nullable=False),
    Column("hours", Float, nullable=False),
    Column("cost_usd", Float, nullable=False),
)
