"""`generate_compliance_evidence`: what is on record, and nothing that is not."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.compliance.evaluation import Judgement, framework_verdict
from tools.compliance.models import (
    ControlEvidence,
    FrameworkEvidence,
    GenerateComplianceEvidenceInput,
    GenerateComplianceEvidenceOutput,
    StatedResult,
)
from tools.compliance.records import control_row, framework_row, judged
from tools.contracts.common import digest_of
from tools.fields import clipped
from tools.lookup import listed

MAX_LISTED = 500


async def generate_compliance_evidence(
    given: GenerateComplianceEvidenceInput, context: ToolContext
) -> GenerateComplianceEvidenceOutput:
    """Raises `ToolError`, attesting nothing, for a framework without controls and for a result that does not hold."""
    by_framework: dict[str, list[Judgement]] = {}
    for framework in dict.fromkeys(given.frameworks):
        by_framework[framework] = await judged(
            context, framework=framework, environment=given.environment, max_age_days=given.max_age_days
        )
    every = [judgement for judgements in by_framework.values() for judgement in judgements]
    _require_borne_out(given.results, every)
    frameworks = [
        FrameworkEvidence(summary=framework_row(judgements), controls=[_evidence(one) for one in judgements])
        for judgements in by_framework.values()
    ]
    draft = GenerateComplianceEvidenceOutput(
        evidence_id="evidence",
        generated_at=context.now(),
        verdict=framework_verdict(every),
        frameworks=frameworks,
        gaps=[
            clipped(f"{one.control.framework} {one.control.control_id}: {one.reason}")
            for one in every
            if one.verdict in ("stale", "no_data")
        ],
        digest="",
    )
    content = draft.model_dump(mode="json", exclude={"evidence_id", "generated_at", "digest"})
    digest = digest_of({"org": context.caller.org, "evidence": content})
    evidence_id = f"evidence-{digest.removeprefix('sha256:')[:16]}"
    return draft.model_copy(update={"evidence_id": evidence_id, "digest": digest})


def _evidence(judgement: Judgement) -> ControlEvidence:
    records = {
        "control": judgement.control.model_dump(mode="json"),
        "verdict": judgement.verdict,
        "affected": list(judgement.affected),
        "exemptions": [exemption.model_dump(mode="json") for exemption in judgement.exemptions],
        "attestation": judgement.attestation.model_dump(mode="json") if judgement.attestation else None,
        "audited_at": judgement.audited_at.isoformat() if judgement.audited_at else None,
        "score": judgement.audit_score,
    }
    return ControlEvidence(
        control=control_row(judgement),
        affected_assets=list(judgement.affected[:MAX_LISTED]),
        exemptions=[exemption.id for exemption in judgement.exemptions[:MAX_LISTED]],
        attestation=judgement.attestation.id if judgement.attestation else None,
        record_digest=digest_of(records),
    )


def _require_borne_out(stated: list[StatedResult], judgements: list[Judgement]) -> None:
    """A verdict is attested only when the records say the same."""
    known = {(one.control.framework, one.control.control_id): one for one in judgements}
    wrong: list[str] = []
    for result in stated:
        found = known.get((result.framework, result.control_id))
        if found is None:
            wrong.append(f"{result.framework} {result.control_id}: there is no such control among these frameworks")
        elif found.verdict != result.verdict:
            wrong.append(
                f"{result.framework} {result.control_id}: stated {result.verdict}, on record {found.verdict}"
                f" ({found.reason})"
            )
    if wrong:
        raise ToolError(f"Nothing was attested. The records do not bear this out: {listed(wrong)}.")
