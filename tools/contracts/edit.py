"""A person's change of a plan's parameters, as it travels from the form to the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

MAX_WAIT_SECONDS = 7 * 86400
"""Of the pause after the canary: a phase waits no longer."""


EditProblem = Literal["nothing_changed", "not_in_plan", "nothing_left", "out_of_bounds"]
"""Why an edit changes nothing. Stable names: they stand in the ledger."""


@dataclass(frozen=True)
class Edit:
    """One submission, authenticated by the edge that received it. A signal without a valid `mac` is worth nothing.

    It can only make a plan of the same task and environment smaller, slower or faster: there is no field for anything
    else. What it asks for goes through every gate, as whatever words in the thread ask for does.
    """

    org: str
    task_id: str
    revision: int
    """Of the plan whose card was edited."""
    plan_digest: str
    policy_digest: str
    target: str
    nonce: str
    expires_at: str
    """RFC 3339, UTC: the revision's deadline as the card stated it."""
    user: str
    """Slack user id of the person who sent the form, as Slack authenticated it."""
    channel: str
    canary_size: int | None = None
    """Assets changed first. None: as it is, like the two below."""
    max_batch_percent: float | None = None
    """Percent of the plan's assets changed in one wave."""
    wait_seconds: int | None = None
    """Pause after the canary."""
    without: list[str] = field(default_factory=list[str])
    """Assets of the plan that are to be left out."""
    unique: str = ""
    """The form's id: what Slack delivers twice is heard once."""
    issued_at: str = ""
    """RFC 3339, UTC: when the edge saw the submission."""
    mac: str = ""

    @property
    def changes_something(self) -> bool:
        asked = (self.canary_size, self.max_batch_percent, self.wait_seconds)
        return bool(self.without) or any(value is not None for value in asked)
