"""Whether a control holds, from what is on record. Pure. No data is never compliant, and neither is old data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tools.contracts.compliance import Attestation, Control, ControlResult, Exemption

Verdict = Literal["compliant", "compliant_with_exemptions", "non_compliant", "stale", "no_data"]
FrameworkVerdict = Literal["compliant", "non_compliant", "incomplete"]
HOLDS: tuple[Verdict, ...] = ("compliant", "compliant_with_exemptions")


@dataclass(frozen=True)
class Judgement:
    """One control, judged."""

    control: Control
    verdict: Verdict
    reason: str
    affected: tuple[str, ...]
    """Assets that count against it: exempt ones are left out."""
    exemptions: tuple[Exemption, ...]
    """That were needed and are in force."""
    audited_at: datetime | None
    audit_score: float | None
    attestation: Attestation | None

    @property
    def holds(self) -> bool:
        return self.verdict in HOLDS


@dataclass(frozen=True)
class Records:
    """Everything on record about some controls."""

    results: Sequence[ControlResult]
    exemptions: Sequence[Exemption]
    attestations: Sequence[Attestation]

    def judge(self, control: Control, *, now: datetime, max_age: timedelta) -> Judgement:
        if control.measured_by == "attestation":
            return self._attested(control, now=now)
        result = next((result for result in self.results if _same(result, control)), None)
        if result is None:
            return _without_audit(control, "no_data", "no audit result is on record")
        if result.last_audit_at > now:
            return _without_audit(control, "no_data", "the audit on record lies in the future")
        if now - result.last_audit_at > max_age:
            age = (now - result.last_audit_at).days
            reason = f"the last audit is {age} days old, more than {max_age.days}"
            return self._audited(control, result, now=now, verdict="stale", reason=reason)
        return self._audited(control, result, now=now)

    def in_force(self, control: Control, *, now: datetime) -> dict[str, Exemption]:
        """Asset → its exemption from this control, where one has not expired."""
        return {
            exemption.asset_id: exemption
            for exemption in self.exemptions
            if _same(exemption, control) and exemption.expires_at > now
        }

    def _audited(
        self,
        control: Control,
        result: ControlResult,
        *,
        now: datetime,
        verdict: Verdict | None = None,
        reason: str = "",
    ) -> Judgement:
        exempt = self.in_force(control, now=now)
        counted = tuple(asset for asset in sorted(set(result.affected_assets)) if asset not in exempt)
        used = tuple(exempt[asset] for asset in sorted(set(result.affected_assets)) if asset in exempt)
        if verdict is None:
            verdict, reason = _verdict_of(result, counted=len(counted), exempted=len(used))
        return Judgement(
            control=control,
            verdict=verdict,
            reason=reason,
            affected=counted,
            exemptions=used,
            audited_at=result.last_audit_at,
            audit_score=result.score,
            attestation=None,
        )

    def _attested(self, control: Control, *, now: datetime) -> Judgement:
        given = [row for row in self.attestations if _same(row, control) and row.attested_at <= now]
        latest = max(given, key=lambda row: (row.valid_until, row.attested_at, row.id), default=None)
        if latest is None:
            return _without_audit(control, "no_data", "nobody has attested it")
        if latest.valid_until <= now:
            reason = f"{latest.id} ran out on {latest.valid_until.date().isoformat()}"
            return _without_audit(control, "stale", reason, attestation=latest)
        return _without_audit(control, "compliant", f"attested in {latest.id}", attestation=latest)


def framework_verdict(judgements: Sequence[Judgement]) -> FrameworkVerdict:
    """Compliant only when there are controls, and every one holds."""
    if any(judgement.verdict == "non_compliant" for judgement in judgements):
        return "non_compliant"
    return "compliant" if judgements and all(judgement.holds for judgement in judgements) else "incomplete"


def share_that_holds(judgements: Sequence[Judgement]) -> float:
    """Percent of all controls, those without data among them; 0 when there are none."""
    return 100 * sum(judgement.holds for judgement in judgements) / len(judgements) if judgements else 0.0


def _verdict_of(result: ControlResult, *, counted: int, exempted: int) -> tuple[Verdict, str]:
    if counted:
        also = f"; {exempted} are exempt" if exempted else ""
        said = ", though the audit calls it passing" if result.status == "passing" else ""
        return "non_compliant", f"{counted} assets are affected{also}{said}"
    if exempted:
        return "compliant_with_exemptions", f"all {exempted} affected assets are exempt"
    if result.status != "passing":
        return "non_compliant", f"the audit calls it {result.status} and names no asset"
    return "compliant", "the audit found no affected asset"


def _without_audit(
    control: Control, verdict: Verdict, reason: str, *, attestation: Attestation | None = None
) -> Judgement:
    return Judgement(
        control=control,
        verdict=verdict,
        reason=reason,
        affected=(),
        exemptions=(),
        audited_at=attestation.attested_at if attestation else None,
        audit_score=None,
        attestation=attestation,
    )


def _same(row: ControlResult | Exemption | Attestation, control: Control) -> bool:
    return (row.framework, row.control_id) == (control.framework, control.control_id)
