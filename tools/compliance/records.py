"""Reading controls and what is on record about them, and turning judgements into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from tools.base import ToolContext, ToolError
from tools.compliance.evaluation import Judgement, Records, framework_verdict, share_that_holds
from tools.compliance.models import ControlRow, FrameworkRow
from tools.connectors.base import EstateError
from tools.connectors.compliance import ControlSource
from tools.connectors.rows import require_own
from tools.contracts.common import Environment
from tools.contracts.compliance import Control
from tools.fields import clipped
from tools.lookup import listed


def control_source(context: ToolContext) -> ControlSource:
    """Raises `EstateError` when the estate's source keeps no controls: nothing kept is nothing attested."""
    if isinstance(context.estate, ControlSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no controls. Nothing was judged.")


async def controls_of(context: ToolContext, *, framework: str | None, environment: Environment | None) -> list[Control]:
    """At least one control. Raises `ToolError` when there is none: an empty audit would be passed by anyone."""
    org, source, name = context.caller.org, control_source(context), context.estate.name
    found = require_own(await source.controls(org, framework=framework, environment=environment), org=org, source=name)
    if found:
        return list(found)
    others = require_own(await source.controls(org), org=org, source=name)
    known = sorted({control.framework for control in others})
    about = f" of {framework!r}" if framework else ""
    place = f" in {environment}" if environment else ""
    raise ToolError(
        f"Nothing was judged. No controls{about} are audited{place}. Frameworks: {listed(known) or 'none'}."
    )


async def records_of(context: ToolContext, *, framework: str | None) -> Records:
    org, source, name = context.caller.org, control_source(context), context.estate.name
    return Records(
        results=require_own(await source.control_results(org, framework=framework), org=org, source=name),
        exemptions=require_own(await source.exemptions(org, framework=framework), org=org, source=name),
        attestations=require_own(await source.attestations(org, framework=framework), org=org, source=name),
    )


async def judged(
    context: ToolContext, *, framework: str | None, environment: Environment | None, max_age_days: int
) -> list[Judgement]:
    """Every control of the framework (of all, when none is named), in the order of framework and control."""
    controls = await controls_of(context, framework=framework, environment=environment)
    records = await records_of(context, framework=framework)
    max_age = timedelta(days=max_age_days)
    judgements = [records.judge(control, now=context.now(), max_age=max_age) for control in controls]
    return sorted(judgements, key=lambda judgement: (judgement.control.framework, judgement.control.control_id))


def control_row(judgement: Judgement) -> ControlRow:
    control = judgement.control
    return ControlRow(
        framework=control.framework,
        control_id=control.control_id,
        title=clipped(control.title),
        severity=control.severity,
        measured_by=control.measured_by,
        environment=control.environment,
        verdict=judgement.verdict,
        reason=clipped(judgement.reason),
        affected_count=len(judgement.affected),
        exempted_count=len(judgement.exemptions),
        audited_at=judgement.audited_at,
        audit_score=judgement.audit_score,
    )


def framework_rows(judgements: Sequence[Judgement]) -> list[FrameworkRow]:
    """One for each framework, in name order."""
    names = sorted({judgement.control.framework for judgement in judgements})
    return [
        framework_row([judgement for judgement in judgements if judgement.control.framework == name]) for name in names
    ]


def framework_row(judgements: Sequence[Judgement]) -> FrameworkRow:
    verdicts = Counter(judgement.verdict for judgement in judgements)
    versions = sorted({judgement.control.framework_version for judgement in judgements})
    return FrameworkRow(
        framework=judgements[0].control.framework,
        version=clipped(", ".join(versions), at_most=200),
        verdict=framework_verdict(judgements),
        controls=len(judgements),
        holding=sum(judgement.holds for judgement in judgements),
        non_compliant=verdicts["non_compliant"],
        stale=verdicts["stale"],
        no_data=verdicts["no_data"],
        score_pct=round(share_that_holds(judgements), 2),
    )
