"""Alembic's environment and versions, shipped with the package; `bot.ledger.schema.migrate` runs them."""
