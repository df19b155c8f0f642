"""Tables of cost: monthly bills, daily costs, usage, machine sizes, budgets."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from bot.local.estate.tables import Moment, metadata

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

daily_costs = Table(
    "daily_costs",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("environment", String(16), primary_key=True),
    Column("image_family", String(64), primary_key=True),
    Column("cost_usd", Float, nullable=False),
)

asset_usage = Table(
    "asset_usage",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("asset_id", String(128), primary_key=True),
    Column("size", String(32), nullable=False),
    Column("observed_days", Integer, nullable=False),
    Column("cpu_p95_percent", Float),
    Column("memory_p95_percent", Float),
    Column("running_hours", Float, nullable=False),
    Column("busy_hours", Float),
    Column("stopped_at", Moment),
    Column("storage_usd_month", Float, nullable=False),
)

machine_sizes = Table(
    "machine_sizes",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("series", String(32), nullable=False),
    Column("vcpus", Integer, nullable=False),
    Column("memory_gb", Float, nullable=False),
    Column("hourly_usd", Float, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("environment", String(16), primary_key=True),
    Column("monthly_usd", Float, nullable=False),
)
