"""The eight outputs of layer 2: four plans, which run once they are approved, and four reports, which do not run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from tools.contracts.common import AgentName, JsonObject
from tools.contracts.outputs.compliance import ComplianceReport
from tools.contracts.outputs.cost import CostOptimizationPlan
from tools.contracts.outputs.dr import DRRunbook
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.outputs.image import ImageSpec
from tools.contracts.outputs.incident import IncidentAnalysis
from tools.contracts.outputs.patch import PatchRolloutPlan
from tools.contracts.outputs.report import Report
from tools.contracts.outputs.security import SecurityReport
from tools.contracts.plan import Plan

AnyPlan = Annotated[DriftRemediationPlan | PatchRolloutPlan | DRRunbook | ImageSpec, Field(discriminator="kind")]
AnyReport = Annotated[
    ComplianceReport | IncidentAnalysis | SecurityReport | CostOptimizationPlan, Field(discriminator="kind")
]

PLANS: Mapping[str, type[Plan]] = MappingProxyType(
    {
        "DriftRemediationPlan": DriftRemediationPlan,
        "PatchRolloutPlan": PatchRolloutPlan,
        "DRRunbook": DRRunbook,
        "ImageSpec": ImageSpec,
    }
)
REPORTS: Mapping[str, type[Report]] = MappingProxyType(
    {
        "ComplianceReport": ComplianceReport,
        "IncidentAnalysis": IncidentAnalysis,
        "SecurityReport": SecurityReport,
        "CostOptimizationPlan": CostOptimizationPlan,
    }
)
OUTPUTS: Mapping[str, type[Plan] | type[Report]] = MappingProxyType({**PLANS, **REPORTS})
"""`kind` → contract."""

OUTPUT_OF: Mapping[AgentName, str] = MappingProxyType(
    {
        "drift": "DriftRemediationPlan",
        "patch": "PatchRolloutPlan",
        "compliance": "ComplianceReport",
        "incident": "IncidentAnalysis",
        "dr": "DRRunbook",
        "cost": "CostOptimizationPlan",
        "security": "SecurityReport",
        "image": "ImageSpec",
    }
)
"""Agent → `kind` of what it hands in (ADR-007)."""

_PLAN: TypeAdapter[AnyPlan] = TypeAdapter(AnyPlan)
_REPORT: TypeAdapter[AnyReport] = TypeAdapter(AnyReport)


def read_plan(document: JsonObject) -> AnyPlan:
    """The plan that its `kind` says it is. Raises `pydantic.ValidationError`."""
    _check_kind(document, PLANS)
    return _PLAN.validate_python(document)


def read_report(document: JsonObject) -> AnyReport:
    """The report that its `kind` says it is. Raises `pydantic.ValidationError`."""
    _check_kind(document, REPORTS)
    return _REPORT.validate_python(document)


def _check_kind(document: JsonObject, known: Mapping[str, object]) -> None:
    """Pydantic's own sentence would quote the kind, which is a stranger's text of any length."""
    kind: object = document.get("kind")
    if not isinstance(kind, str) or kind not in known:
        wrong = PydanticCustomError("kind", "it is none of those that there are")
        raise ValidationError.from_exception_data(
            "output", [InitErrorDetails(type=wrong, loc=("kind",), input=None)], hide_input=True
        )
