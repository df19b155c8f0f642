"""What `gavel doctor` found out about one component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "failed", "not running"]
"""`not running`: an embedded part of a stack that is not up now, or a part nobody asked for. Nothing is wrong."""


@dataclass(frozen=True)
class Finding:
    component: str
    state: State
    tried: str
    answered: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""
