"""The execution grant: without one, a tool that changes state cannot be reached, whatever a model says."""

from __future__ import annotations

from datetime import datetime

from tools.contracts.common import Contract, Environment
from tools.contracts.verdict import Waiver


class ExecutionGrant(Contract):
    """Made by the execution activity after its re-checks, for one phase of one approved plan."""

    org: str
    task_id: str
    plan_digest: str
    policy_digest: str
    environment: Environment
    phase: str
    tools: list[str]
    asset_ids: list[str]
    resource_ids: list[str] = []
    """As :func:`tools.resources.named_resources` reads them from a call."""
    expires_at: datetime
    approvers: list[str]
    waiver: Waiver = ""
    """The autonomy mode by which nobody had to approve. It is worth nothing for a tool that changes production."""
    mac: str = ""
    """HMAC-SHA256 (hex) over the canonical JSON of every other field; an unsigned grant grants nothing."""
