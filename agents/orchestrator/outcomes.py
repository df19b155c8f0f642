"""What an outcome says besides who voted how."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.electorate import Electorate
from agents.orchestrator.reliability import Learned
from agents.orchestrator.standing import margin_of
from tools.contracts.council import ClaimTally, CouncilOutcome, PooledClaim


def weighed(outcome: CouncilOutcome, voters: Electorate, learned: Learned, *, keys: Sequence[str]) -> CouncilOutcome:
    """With what each vote counted for, and what such a margin has proved worth."""
    margin, weights = margin_of(outcome.tallies, keys), voters.weights
    calibrator = learned.calibrator if margin is not None else None
    return outcome.model_copy(
        update={
            "members": [
                member.model_copy(update={"weight": float(weights[member.name])}) if member.name in weights else member
                for member in outcome.members
            ],
            "margin": margin,
            "confidence": calibrator.curve(margin) if calibrator and margin is not None else None,
            "calibration": calibrator.report if calibrator else None,
        }
    )


def unvoted(claim: PooledClaim, stated_by: list[str]) -> ClaimTally:
    """A row nobody voted on: who states it, and no agreement."""
    return ClaimTally(
        claim=claim,
        support=stated_by,
        contradict=[],
        silent=[],
        agreement=None,
        coverage=0.0,
        carried=False,
        single_source=len(stated_by) == 1,
    )
