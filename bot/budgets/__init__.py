"""Budgets: how much a person, an org and a task may cost, kept in SQL so that every process keeps to the same."""
