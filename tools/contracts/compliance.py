"""Controls, what audits found, who is exempt, and what people attest."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tools.contracts.common import Contract, Environment

MeasuredBy = Literal["drift", "vulnerabilities", "recovery", "attestation"]
"""What can show a control to hold. `attestation`: only people's word, with a date."""

ControlSeverity = Literal["critical", "high", "medium", "low"]


class Control(Contract):
    """One requirement of a framework, and the environment it is audited in."""

    org_id: str
    framework: str
    framework_version: str
    control_id: str
    environment: Environment
    title: str
    severity: ControlSeverity
    recommendation: str
    measured_by: MeasuredBy


class ControlResult(Contract):
    """What the last audit of a control found."""

    org_id: str
    framework: str
    control_id: str
    status: Literal["passing", "warning", "failing"]
    affected_assets: list[str]
    score: float
    """Percent, as the audit gave it."""
    last_audit_at: datetime


class Exemption(Contract):
    """An asset that a control does not count against, until it expires."""

    id: str
    org_id: str
    framework: str
    control_id: str
    asset_id: str
    reason: str
    approved_by: str
    expires_at: datetime


class Attestation(Contract):
    """A person's word that a control holds, for a time."""

    id: str
    org_id: str
    framework: str
    control_id: str
    statement: str
    attested_by: str
    attested_at: datetime
    valid_until: datetime
