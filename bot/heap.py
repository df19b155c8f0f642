"""How often Python looks for garbage in cycles: seldom, in processes that make much and leave few cycles behind."""

from __future__ import annotations

import gc

ALLOCATIONS = 20_000
"""Containers made, above those given back, between two looks through the young ones (Python's own: 700).

A task makes hundreds of thousands, and nearly all are gone by themselves as soon as nothing names them. At Python's own
number the looks took 8 ms of a task's processor time. What lies in cycles waits longer, and is a few megabytes.
"""


def collect_seldom() -> None:
    """For a process that serves. Once, at its start."""
    gc.set_threshold(ALLOCATIONS, 10, 10)
