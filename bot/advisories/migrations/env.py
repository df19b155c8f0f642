"""Alembic calls this. The connection, its transaction and its lock come from `bot.advisories.schema`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bot.advisories.schema import VERSION_TABLE
from bot.advisories.tables import Base

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise TypeError("Migrations run through bot.advisories.schema.migrate_advisories, which hands over a connection.")
context.configure(
    connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
