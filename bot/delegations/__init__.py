"""Approvers who lend their role to somebody else until a date: kept in SQL, read whenever it matters."""
