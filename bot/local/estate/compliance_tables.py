"""Tables of compliance: controls, audit results, exemptions, attestations."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, String, Table

from bot.local.estate.tables import Moment, metadata


def _control_key() -> tuple[Column[str], Column[str]]:
    return Column("framework", String(64), primary_key=True), Column("control_id", String(32), primary_key=True)


controls = Table(
    "controls",
    metadata,
    Column("org_id", String(64), primary_key=True),
    *_control_key(),
    Column("framework_version", String(32), nullable=False),
    Column("environment", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("recommendation", String(300), nullable=False),
    Column("measured_by", String(16), nullable=False),
)

control_results = Table(
    "control_results",
    metadata,
    Column("org_id", String(64), primary_key=True),
    *_control_key(),
    Column("status", String(16), nullable=False),
    Column("affected_assets", JSON, nullable=False),
    Column("score", Float, nullable=False),
    Column("last_audit_at", Moment, nullable=False),
)

exemptions = Table(
    "exemptions",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("framework", String(64), nullable=False),
    Column("control_id", String(32), nullable=False),
    Column("asset_id", String(128), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

attestations = Table(
    "attestations",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("framework", String(64), nullable=False),
    Column("control_id", String(32), nullable=False),
    Column("statement", String(300), nullable=False),
    Column("attested_by", String(64), nullable=False),
    Column("attested_at", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
)
