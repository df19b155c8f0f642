"""Temporal: the task workflow, its activities, and the worker that runs them (ADR-007, DESIGN steps 6 and 7)."""
