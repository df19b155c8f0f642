"""`get_compliance_status` and `check_control`."""

from __future__ import annotations

from datetime import timedelta

from tools.base import ToolContext, ToolError
from tools.compliance.evaluation import HOLDS, Judgement, Verdict
from tools.compliance.measuring import Measured, measure
from tools.compliance.models import (
    CheckControlInput,
    CheckControlOutput,
    GetComplianceStatusInput,
    GetComplianceStatusOutput,
    Measurement,
)
from tools.compliance.records import control_row, controls_of, framework_rows, judged, records_of
from tools.contracts.compliance import Control, Exemption
from tools.fields import clipped
from tools.lookup import listed

MAX_LISTED = 500


async def get_compliance_status(given: GetComplianceStatusInput, context: ToolContext) -> GetComplianceStatusOutput:
    judgements = await judged(
        context, framework=given.framework, environment=given.environment, max_age_days=given.max_age_days
    )
    start = _start(given.cursor, judgements)
    page = judgements[start : start + given.limit]
    more = start + given.limit < len(judgements)
    return GetComplianceStatusOutput(
        computed_at=context.now(),
        frameworks=framework_rows(judgements),
        controls=[control_row(judgement) for judgement in page],
        returned=len(page),
        next_cursor=_place(page[-1]) if more else None,
    )


async def check_control(given: CheckControlInput, context: ToolContext) -> CheckControlOutput:
    control = await _control(given, context)
    records = await records_of(context, framework=control.framework)
    now = context.now()
    judgement = records.judge(control, now=now, max_age=timedelta(days=given.max_age_days))
    measured = await measure(control, context)
    audited = next(
        (
            set(result.affected_assets)
            for result in records.results
            if (result.framework, result.control_id) == (control.framework, control.control_id)
        ),
        set[str](),
    )
    measurement = (
        None
        if measured is None
        else _measurement(control, measured, context, audited=audited, exempt=records.in_force(control, now=now))
    )
    attestation = judgement.attestation
    return CheckControlOutput(
        control=control_row(judgement),
        recommendation=clipped(control.recommendation),
        affected_assets=list(judgement.affected[:MAX_LISTED]),
        exempted_assets=[exemption.asset_id for exemption in judgement.exemptions[:MAX_LISTED]],
        attested_by=clipped(attestation.attested_by, at_most=200) if attestation else None,
        attestation=clipped(attestation.statement) if attestation else None,
        measured=measurement,
        agrees=None if measurement is None else (measurement.verdict in HOLDS) is judgement.holds,
    )


def _measurement(
    control: Control,
    measured: Measured,
    context: ToolContext,
    *,
    audited: set[str],
    exempt: dict[str, Exemption],
) -> Measurement:
    counted = sorted(measured.affected - set(exempt))
    verdict: Verdict = "non_compliant" if counted else "compliant_with_exemptions" if measured.affected else "compliant"
    return Measurement(
        measured_at=context.now(),
        by=control.measured_by,
        basis=clipped(measured.basis),
        affected_count=len(counted),
        affected_assets=counted[:MAX_LISTED],
        newly_affected=sorted(measured.affected - audited)[:MAX_LISTED],
        no_longer_affected=sorted(audited - measured.affected)[:MAX_LISTED],
        verdict=verdict,
    )


async def _control(given: CheckControlInput, context: ToolContext) -> Control:
    """The one control of this id. Raises `ToolError` for none and for several."""
    controls = await controls_of(context, framework=given.framework, environment=given.environment)
    found = [control for control in controls if control.control_id == given.control_id]
    if not found:
        known = [control.control_id for control in controls]
        raise ToolError(
            f"Nothing was checked. There is no control {given.control_id!r}. Controls: {listed(known, at_most=40)}."
        )
    if len(found) > 1:
        names = [control.framework for control in found]
        raise ToolError(
            f"Nothing was checked. Several frameworks have a control {given.control_id!r}: name one of {listed(names)}."
        )
    return found[0]


def _place(judgement: Judgement) -> str:
    return f"{judgement.control.framework}|{judgement.control.control_id}"


def _start(cursor: str | None, judgements: list[Judgement]) -> int:
    if cursor is None:
        return 0
    places = [_place(judgement) for judgement in judgements]
    if cursor not in places:
        raise ToolError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
    return places.index(cursor) + 1
