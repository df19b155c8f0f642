"""Providers' keys of people and orgs: sealed in SQL, opened for one call, shown to nobody (ADR-006)."""
