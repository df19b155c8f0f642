"""Tables of the image pipeline: bases, the standard, checks, and the calls that changed something."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Integer, String, Table

from bot.local.estate.tables import Moment, metadata

base_images = Table(
    "base_images",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("image_id", String(128), primary_key=True),
    Column("ecosystem", String(64), nullable=False),
    Column("cis_level", Integer, nullable=False),
    Column("end_of_life", Moment),
)

image_standards = Table(
    "image_standards",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("cis_level", Integer, nullable=False),
    Column("hardening", JSON, nullable=False),
    Column("agents", JSON, nullable=False),
    Column("denied_packages", JSON, nullable=False),
    Column("blocking_rating", String(16), nullable=False),
    Column("max_age_days", Integer, nullable=False),
)

image_checks = Table(
    "image_checks",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("image_id", String(128), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("passed", Boolean, nullable=False),
    Column("observed", String(300), nullable=False),
    Column("at", Moment, nullable=False),
)

image_calls = Table(
    "image_calls",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("idempotency_key", String(128), primary_key=True),
    Column("request_digest", String(80), nullable=False),
    Column("image_id", String(128), nullable=False),
    Column("from_status", String(16)),
    Column("to_status", String(16), nullable=False),
    Column("at", Moment, nullable=False),
)
