"""How the recovery agent reads its evidence: a runbook is the tool's, and nothing is in order that was not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.specialists.dr import TESTED_WITHIN_DAYS, DRAgent, DRStudy
from agents.specialists.runbook import composed
from tests.unit.agents.bench import Bench
from tests.unit.agents.studies import Table, calls_of, concluded, decided, no_change, proposed
from tools.contracts.common import JsonObject
from tools.contracts.members.operations import DRMemberReport
from tools.contracts.outputs.dr import DRRunbook
from tools.dr.models import GenerateDrRunbookOutput

IN_ORDER = (
    "UPDATE dr_pairs SET rto_minutes = 10000, rpo_minutes = 10000, replication_status = 'in-sync'",
    "UPDATE replication_streams SET status = 'in-sync', lag_seconds = 20, last_sync_at = NULL, backlog_mb = 10,"
    " replay_mb_per_minute = 900",
)


@pytest.fixture
def table(workbench: Bench, tmp_path: Path) -> Table:
    return Table(workbench, tmp_path / "estate.db")


def wants(pair: str | None, operation: str = "drill") -> DRMemberReport:
    proposal = None if pair is None else {"summary": "s", "dr_pair_id": pair, "operation": operation}
    return DRMemberReport.model_validate({"claims": [], "diagnosis": "d", "proposal": proposal})


async def looked(table: Table, **params: object) -> DRStudy:
    """After the agent listed the pairs of production."""
    desk = table.desk(DRAgent, "production")
    await desk.call("get_dr_status", {"environment": "production", **params})
    return DRStudy(desk)


async def test_what_could_not_be_read_is_not_judged_and_not_called_healthy(table: Table) -> None:
    untouched = DRStudy(table.desk(DRAgent, "production"))
    assert (
        untouched.unjudgeable() == "The recovery pairs could not be read, so nothing is known and nothing was changed."
    )
    assert not untouched.healthy
    none = table.desk(DRAgent, "development")
    await none.call("get_dr_status", {"environment": "development"})
    assert (DRStudy(none).unjudgeable() or "").startswith("There is no recovery pair in development")
    assert not DRStudy(none).healthy
    assert (await looked(table)).unjudgeable() is None
    table.alter("DROP TABLE dr_pairs")
    failed = await looked(table)
    assert not failed.desk.book.results[0].ok
    assert (failed.unjudgeable() or "").startswith("The recovery pairs could not be read")
    assert not failed.healthy
    assert untouched.unjudged("why", decided({}, best=None).outcome).finding == "inconclusive"


async def test_a_runbook_is_what_the_tool_wrote_and_one_choice_is_written_once(table: Table) -> None:
    study = await looked(table)
    pair = min(study.pairs)
    items = await proposed(study, {"ash": wants(pair), "birch": wants(pair), "cedar": wants(pair, "failover")})
    asked = calls_of(study.desk, "generate_dr_runbook")
    assert [call["kind"] for call in asked] == ["drill", "failover"]
    assert all(call["dr_pair_id"] == pair and call["environment"] == "production" for call in asked)
    output: JsonObject = next(
        result.output or {} for result in study.desk.book.results if result.call.tool == "generate_dr_runbook"
    )
    plan = study.made["ash"]
    assert isinstance(plan, DRRunbook)
    written = DRRunbook.model_validate({**study.parts(), **composed(GenerateDrRunbookOutput.model_validate(output))})
    assert plan.model_dump(exclude={"evidence"}) == written.model_dump(exclude={"evidence"})
    assert [item.key for item in items["ash"]] == [item.key for item in items["birch"]]
    assert {item.key for item in items["ash"]}.isdisjoint(item.key for item in items["cedar"][:1])


async def test_a_pair_that_no_tool_listed_makes_no_plan(table: Table) -> None:
    study = await looked(table)
    items = await proposed(study, {"ash": wants("dr-99"), "birch": wants(None)})
    assert list(items) == ["birch"]
    assert study.notes == ["ash's proposal made no plan: dr-99 is no pair that get_dr_status listed."]
    assert calls_of(study.desk, "generate_dr_runbook") == []
    assert study.made == {}


async def test_a_plan_only_where_every_phase_of_it_carried(table: Table) -> None:
    study = await looked(table)
    items = await proposed(study, {"ash": wants(min(study.pairs))})
    keys = [item.key for item in items["ash"]]
    whole = concluded(study, decided(items, best="ash", carried=keys))
    assert (whole.finding, whole.plan) == (
        "plan",
        study.made["ash"].model_copy(update={"evidence": study.desk.book.cited()}),
    )
    part = concluded(study, decided(items, best="ash", carried=keys[:1]))
    assert (part.finding, part.plan) == ("inconclusive", None)
    nobody = concluded(study, decided(items, best=None, carried=keys))
    assert nobody.finding == "inconclusive"
    assert "did not agree" in nobody.reason


async def in_order(table: Table) -> None:
    for statement in IN_ORDER:
        table.alter(statement)
    table.alter("DELETE FROM dr_runs WHERE NOT ok")
    table.alter("UPDATE dr_runs SET at = '2026-11-20T10:00:00.000000+00:00'")


async def test_nothing_to_do_is_said_of_pairs_that_meet_their_objectives_and_were_tested(table: Table) -> None:
    await in_order(table)
    study = await looked(table)
    assert study.healthy, study.pairs
    done = no_change(study)
    assert (done.finding, done.plan) == ("nothing_to_do", None)
    assert f"all {len(study.pairs)} recovery pairs" in done.reason


FAULTS = {
    "an objective missed": "UPDATE dr_pairs SET rto_minutes = 0 WHERE id = 'dr-1'",
    "a loss too large": "UPDATE dr_pairs SET rpo_minutes = 0 WHERE id = 'dr-1'",
    "no test lately": "UPDATE dr_runs SET at = '2026-01-01T10:00:00.000000+00:00'",
    "never tested": "DELETE FROM dr_runs",
    "the last run failed": "UPDATE dr_runs SET ok = 0 WHERE dr_pair_id = 'dr-1'",
    "it says other than is measured": "UPDATE replication_streams SET status = 'lagging' WHERE dr_pair_id = 'dr-1'",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_pair_out_of_order_and_nothing_is_called_healthy(table: Table, fault: str) -> None:
    await in_order(table)
    table.alter(FAULTS[fault])
    study = await looked(table)
    assert not study.healthy
    ended = no_change(study)
    assert ended.finding == "inconclusive"
    assert "not in order" in ended.reason
    assert "dr-1" in ended.reason
    assert TESTED_WITHIN_DAYS == 30


async def test_pairs_that_were_not_read_to_their_end_are_not_called_healthy(table: Table) -> None:
    await in_order(table)
    study = await looked(table, limit=1)
    assert len(study.pairs) == 1
    assert not study.healthy
    assert "not read to their end" in no_change(study).reason
