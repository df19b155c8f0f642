"""Alembic calls this. The connection, its transaction and its lock come from `bot.ledger.schema`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bot.ledger.schema import VERSION_TABLE
from bot.ledger.tables import Base

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise TypeError("Migrations run through bot.ledger.schema.migrate, which hands over a locked connection.")
context.configure(
    connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
