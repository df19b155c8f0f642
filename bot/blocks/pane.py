"""What stands under a thread of the assistant's pane while something is done: Slack puts Gavel's name before it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

READING = "is reading your request…"
ASKING = "is asking the models…"
VOTING = "is having the council vote…"
AWAITING = "is waiting for an approval…"

OF_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "understand": READING,
        "follow_up": READING,
        "investigate": "is investigating…",
        "judge": "is checking the plan…",
        "run_phase": "is carrying out the plan…",
        "roll_back": "is putting back what was changed…",
    }
)
"""Step of a task → what is done in it."""

LAST_STEP = "conclude"
