"""Alembic's scripts for the advisories' tables."""
