"""The compliance tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.compliance import models
from tools.compliance.checking import check_control, get_compliance_status
from tools.compliance.evidence import generate_compliance_evidence

READ_SECONDS = 20.0
PLAN_SECONDS = 30.0


def compliance_tools() -> list[Tool]:
    """The compliance agent's tools."""
    return [
        Tool(
            name="get_compliance_status",
            description=(
                "Judges every control of a framework (of all, when none is named) from audit results, exemptions in"
                " force and attestations. A control without a result is `no_data`, one with an old result `stale`:"
                " neither is compliant. Verdicts of frameworks cover all their controls; `controls` is a page."
                " check_control measures one control now."
            ),
            input=models.GetComplianceStatusInput,
            output=models.GetComplianceStatusOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_compliance_status,
        ),
        Tool(
            name="check_control",
            description=(
                "One control: what the record says (audit, exemptions, attestation), and what the estate shows now,"
                " measured from drift, open vulnerabilities or recovery, with the assets that came and went since"
                " the audit. `agrees` false: the record is out of date."
            ),
            input=models.CheckControlInput,
            output=models.CheckControlOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=check_control,
        ),
        Tool(
            name="generate_compliance_evidence",
            description=(
                "Puts the record of the named frameworks into evidence: every control with its verdict, reason,"
                " affected assets, exemptions and a digest, and the gaps. `results` are verdicts you state; one that"
                " the record does not bear out fails the call. Changes nothing; attests nothing that is not on record."
            ),
            input=models.GenerateComplianceEvidenceInput,
            output=models.GenerateComplianceEvidenceOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=generate_compliance_evidence,
        ),
    ]
