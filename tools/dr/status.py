"""`get_dr_status` and `check_rto`: how far recovery is from its objectives, now."""

from __future__ import annotations

from datetime import datetime

from tools.base import ToolContext, ToolError
from tools.connectors.recovery import PairQuery
from tools.connectors.rows import require_own
from tools.contracts.recovery import DrRun
from tools.dr.facts import PairFacts, facts_of, pair_facts, recovery_source
from tools.dr.models import (
    CheckRtoInput,
    CheckRtoOutput,
    DrPairRow,
    GetDrStatusInput,
    GetDrStatusOutput,
    RpoFinding,
    RtoFinding,
    RtoPart,
    StreamRow,
)
from tools.dr.objectives import last_passed_test, verdict_of
from tools.fields import clipped


async def get_dr_status(given: GetDrStatusInput, context: ToolContext) -> GetDrStatusOutput:
    org, source = context.caller.org, recovery_source(context)
    query = PairQuery(
        ids=[given.dr_pair_id] if given.dr_pair_id else [], site=given.site_id, environment=given.environment
    )
    found, cursor = await source.dr_pairs(org, query, limit=given.limit, cursor=given.cursor)
    pairs = require_own(found, org=org, source=context.estate.name)
    if given.dr_pair_id is not None and not pairs:
        raise ToolError(f"There is no recovery pair {given.dr_pair_id!r} among those asked about.")
    rows = [_row(await facts_of(pair, context)) for pair in pairs]
    return GetDrStatusOutput(computed_at=context.now(), pairs=rows, returned=len(rows), next_cursor=cursor)


async def check_rto(given: CheckRtoInput, context: ToolContext) -> CheckRtoOutput:
    facts = await pair_facts(given.dr_pair_id, context, environment=given.environment)
    return CheckRtoOutput(
        dr_pair_id=facts.pair.id,
        computed_at=facts.now,
        rpo=rpo_of(facts),
        rto=rto_of(facts),
        streams=[
            StreamRow(
                dataset=stream.dataset,
                status=stream.status,
                last_sync_at=stream.last_sync_at,
                age_minutes=_age_minutes(stream.last_sync_at, facts.now),
                backlog_mb=stream.backlog_mb,
                replay_mb_per_minute=stream.replay_mb_per_minute,
            )
            for stream in facts.streams
        ],
        disagreements=[clipped(sentence) for sentence in facts.disagreements()],
    )


def rpo_of(facts: PairFacts) -> RpoFinding:
    loss = facts.loss
    return RpoFinding(
        objective_minutes=facts.pair.rpo_minutes,
        minutes=rounded(loss.minutes),
        verdict=verdict_of(loss.minutes, facts.pair.rpo_minutes),
        dataset=loss.dataset,
        last_sync_at=loss.synced_at,
        reason=clipped(loss.reason),
    )


def rto_of(facts: PairFacts) -> RtoFinding:
    away = facts.away
    run = next((run for run in facts.runs if run.id == away.run_id), None)
    return RtoFinding(
        objective_minutes=facts.pair.rto_minutes,
        minutes=rounded(away.minutes),
        verdict=verdict_of(away.minutes, facts.pair.rto_minutes),
        parts=[
            RtoPart(step=part.step, minutes=round(part.minutes, 3), basis=clipped(part.basis, at_most=200))
            for part in away.parts
        ],
        based_on_run=away.run_id,
        run_age_days=days_since(run, facts.now),
        machines=len(facts.primary),
        reason=clipped(away.reason),
    )


def _row(facts: PairFacts) -> DrPairRow:
    pair, loss, away = facts.pair, facts.loss, facts.away
    passed = last_passed_test(facts.runs)
    return DrPairRow(
        dr_pair_id=pair.id,
        environment=pair.environment,
        primary_site_id=pair.primary_site_id,
        dr_site_id=pair.dr_site_id,
        active_site_id=pair.active_site_id,
        stated_status=clipped(pair.status, at_most=200),
        stated_replication=pair.replication_status,
        rpo_objective_minutes=pair.rpo_minutes,
        rpo_minutes=rounded(loss.minutes),
        rpo_verdict=verdict_of(loss.minutes, pair.rpo_minutes),
        rto_objective_minutes=pair.rto_minutes,
        rto_minutes=rounded(away.minutes),
        rto_verdict=verdict_of(away.minutes, pair.rto_minutes),
        last_passed_test_at=passed.at if passed else None,
        last_passed_test_id=passed.id if passed else None,
        days_since_passed_test=days_since(passed, facts.now),
        last_run_failed=bool(facts.runs) and not facts.runs[0].ok,
        disagreements=[clipped(sentence) for sentence in facts.disagreements()],
    )


def rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 3)


def _age_minutes(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round((now - moment).total_seconds() / 60, 3)


def days_since(run: DrRun | None, now: datetime) -> float | None:
    return None if run is None else round((now - run.at).total_seconds() / 86400, 2)
