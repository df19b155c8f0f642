"""Activities that answer by script, so that the workflow's own decisions can be tested on a real Temporal server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio import activity

from bot.workflows import messages as m
from tests.unit.policies.plans import production_plan
from tools.contracts.council import CouncilOutcome
from tools.contracts.plan import DriftRemediationPlan
from tools.contracts.taskspec import Constraints, TaskContext, TaskSpec
from tools.contracts.verdict import ApprovalRequirement, GateName, GateReport, GateResult, Refusal

GATES: list[GateName] = ["schema", "policy", "safety", "approval"]
