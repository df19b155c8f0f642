"""A workflow that a worker cannot go on with, as the worker sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Why = Literal["newer", "diverged", "broken"]
"""`newer`: a newer Gavel wrote something that it was told. `diverged`: what happened in it is not what this build would
have done. `broken`: its own code raised what nobody expected."""


@dataclass(frozen=True)
class Held:
    """Nothing was done. Temporal has it tried again, by whichever worker is free."""

    workflow_id: str
    run_id: str
    workflow_type: str
    why: Why
    detail: str
    """For the log."""
    begun_with: bytes
    """The first thing it was given, as JSON; empty: not known. Of a newer Gavel, maybe: not to be read as a message."""
