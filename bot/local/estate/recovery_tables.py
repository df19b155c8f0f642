"""Tables of recovery: pairs of sites, what is replicated, runs, and how much a site can take.

What is being replicated has a `lag_seconds` behind the present, whenever it is read; what has stopped has a fixed
`last_sync_at`. One of the two is set.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Integer, String, Table

from bot.local.estate.tables import Moment, metadata

dr_pairs = Table(
    "dr_pairs",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("environment", String(16), nullable=False),
    Column("primary_site_id", String(64), nullable=False),
    Column("dr_site_id", String(64), nullable=False),
    Column("active_site_id", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("replication_status", String(16), nullable=False),
    Column("rpo_minutes", Integer, nullable=False),
    Column("rto_minutes", Integer, nullable=False),
    Column("last_failover_test", Moment),
    Column("last_sync_at", Moment),
    Column("lag_seconds", Float),
)

replication_streams = Table(
    "replication_streams",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("dr_pair_id", String(64), primary_key=True),
    Column("dataset", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("last_sync_at", Moment),
    Column("lag_seconds", Float),
    Column("backlog_mb", Float, nullable=False),
    Column("replay_mb_per_minute", Float),
)

dr_runs = Table(
    "dr_runs",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("dr_pair_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("machines", Integer, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("note", String(300), nullable=False),
)

site_quotas = Table(
    "site_quotas",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("site", String(64), primary_key=True),
    Column("image_family", String(64), primary_key=True),
    Column("machines", Integer, nullable=False),
)
