"""Tables for what is known about the estate: open vulnerabilities."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table

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
