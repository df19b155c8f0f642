"""Tables of what can be reached on the machines, and of which service needs which."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from bot.local.estate.tables import metadata

listeners = Table(
    "listeners",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("asset_id", String(128), primary_key=True),
    Column("port", Integer, primary_key=True, autoincrement=False),
    Column("protocol", String(8), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("service", String(32), nullable=False),
    Column("packages", JSON, nullable=False),
)

service_dependencies = Table(
    "service_dependencies",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("depends_on", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
)
