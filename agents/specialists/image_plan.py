"""A build or a promotion of an image as a plan: every field from `generate_image_contract` or `validate_image`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

from agents.specialists.operating import NotPlannable
from tools.contracts.common import Environment, JsonObject
from tools.contracts.estate import ImageStatus
from tools.contracts.members.operations import ImageProposal
from tools.contracts.plan import (
    Action,
    Phase,
    ResourceExpectation,
    Rollback,
    RollbackCondition,
)
from tools.image.models import GenerateImageContractOutput, ValidateImageOutput
from tools.resources import ABSENT

STAGES: tuple[ImageStatus, ...] = get_args(ImageStatus)
"""In the order in which an image goes through them."""

LEFT = "No machine runs an image before a rollout, so what was built or promoted stays where it came to."
CHECK_SECONDS = 30


def built(contract: GenerateImageContractOutput, proposal: ImageProposal, *, environment: Environment) -> JsonObject:
    """Raises :class:`NotPlannable`."""
    if environment == "production":
        raise NotPlannable("An image is built outside production. Ask for staging; promote it when it is fit.")
    if contract.image_id is None or contract.state != ABSENT:
        raise NotPlannable("The source builds no images, or has built this version already.")
    image, asked = contract.image_id, contract.contract
    target = proposal.promote_to or "draft"
    build = Action(
        id=f"build-{image}",
        tool="build_image",
        params={"contract": asked.model_dump(mode="json"), "asset_ids": []},
        asset_ids=[],
        resource_ids=[image],
    )
    phases = [_phase(f"Build {image}", "canary", build, image), *_promotions(image, "draft", target, first="wave")]
    said = f", then promote it to {target}" if target != "draft" else ""
    return {
        **_common(image, phases, from_state=ABSENT, to_state=target, fingerprint=contract.fingerprint),
        "summary": (
            f"Build {asked.family} {asked.version} on {asked.os_name} {asked.os_version} to the org's standard{said}."
        )[:600],
        "operation": "build",
        "family": asked.family,
        "version": asked.version,
        "contract": asked,
        "replaces": contract.replaces,
    }


def promoted(
    image: ValidateImageOutput, proposal: ImageProposal, *, golden: str | None, environment: Environment
) -> JsonObject:
    """Raises :class:`NotPlannable`."""
    target = proposal.promote_to
    if target is None:
        raise NotPlannable("It does not say where the image is to be promoted to.")
    phases = _promotions(image.image_id, image.status, target, first="canary")
    outside = [phase.name for phase in phases if _is_for_production(phase) is not (environment == "production")]
    if outside:
        raise NotPlannable(f"{outside[0]} is not a step of {environment}. Ask for the environment it belongs to.")
    return {
        **_common(image.image_id, phases, from_state=image.status, to_state=target, fingerprint=image.fingerprint),
        "summary": f"Promote {image.image_id} from {image.status} to {target}."[:600],
        "operation": "promote",
        "family": image.family,
        "version": image.version,
        "findings": [row.model_dump(mode="json", include={"name", "status", "observed"}) for row in image.checks],
        "replaces": golden,
    }


def _promotions(image: str, status: ImageStatus, target: ImageStatus, *, first: str) -> list[Phase]:
    """One phase a stage. Raises :class:`NotPlannable` for a target that does not come after the status."""
    path = STAGES[STAGES.index(status) : STAGES.index(target) + 1]
    if status == target == "draft":
        return []
    if len(path) < 2:
        raise NotPlannable(f"{image} is {status}: it cannot be promoted to {target}.")
    kinds = [first, *["wave"] * len(path)]
    return [_promotion(image, step, kind) for (_, step), kind in zip(pairwise(path), kinds, strict=False)]


def _promotion(image: str, target: ImageStatus, kind: str) -> Phase:
    graver = target in ("production", "deprecated")
    action = Action(
        id=f"{target}-{image}",
        tool="promote_image" if graver else "promote_image_nonprod",
        params={"image_id": image, "to_status": target, "asset_ids": []},
        asset_ids=[],
        resource_ids=[image],
    )
    return _phase(f"Promote {image} to {target}", kind, action, image, strictly=target == "production")


def _phase(name: str, kind: str, action: Action, image: str, *, strictly: bool = False) -> Phase:
    checks = ["as_expected", "image_valid" if strictly else "image_fit"]
    found = [{"kind": check, "resource_id": image, "timeout_seconds": CHECK_SECONDS} for check in checks]
    return Phase.model_validate({"name": name[:80], "type": kind, "actions": [action], "resource_checks": found})


def _is_for_production(phase: Phase) -> bool:
    return any(action.tool == "promote_image" for action in phase.actions)


def _common(image: str, phases: Sequence[Phase], *, from_state: str, to_state: str, fingerprint: str) -> JsonObject:
    return {
        "asset_ids": [],
        "expectations": [],
        "phases": list(phases),
        "rollback": Rollback(conditions=[RollbackCondition(kind="health_check_failed")], actions=[], note=LEFT),
        "resources": [
            ResourceExpectation(
                kind="image", id=image, fingerprint=fingerprint, from_state=from_state, to_state=to_state
            )
        ],
        "image_id": image,
        "to_status": to_state,
    }
