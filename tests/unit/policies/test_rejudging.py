"""Stored verdicts of the gates that ask no policy: judged again where the record suffices, else kept, and so said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from policies.bundle import load_bundle
from policies.pipeline import Examination, build_pipeline
from policies.regorus_engine import RegorusEngine
from policies.rejudging import NO_PLAN, NOT_SEEN, OFF, REDACTED, Rejudged, safety_again, schema_again
from policies.replay import replay
from policies.seen import answered_in, read_seen
from tests.unit.policies.plans import (
    CALL,
    CATALOG,
    NOW,
    NoHistory,
    answer_of,
    make_context,
    make_council,
    make_estate,
    make_plan,
)
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName, GateReport, Refusal

CONTRACT = "DriftRemediationPlan"


@dataclass
class Stored:
    """A verdict as it stands in the ledger: JSON, and what the tools returned beside it."""

    report: GateReport
    body: JsonObject
    results: dict[str, JsonObject]

    @classmethod
    async def of(cls, plan: JsonObject | None = None, *, off: tuple[GateName, ...] = ()) -> Stored:
        good = make_plan()
        pipeline = build_pipeline(
            RegorusEngine(load_bundle()),
            estate=make_estate(),
            catalog=CATALOG,
            history=NoHistory(),
            off=off,
            production=False,
        )
        examination: Examination = await pipeline.examine(
            good.model_dump(mode="json") if plan is None else plan, make_context(plan=good)
        )
        return cls(examination.report, examination.as_recorded(), {CALL: answer_of(good)})

    @property
    def plan(self) -> JsonObject | None:
        plan: JsonObject | None = self.body["plan"]
        return plan

    def schema(self) -> Rejudged:
        return schema_again(self.report, self.plan, contract=self.body["contract"])

    def safety(self) -> Rejudged:
        seen = None
        if self.body["seen"] is not None:
            seen = read_seen(
                self.body["seen"], contract=CONTRACT, results=self.results, council=make_council(), at=NOW.isoformat()
            )
        return safety_again(self.report, self.plan, seen, catalog=CATALOG)


async def test_a_verdict_whose_record_suffices_is_judged_again_and_comes_to_the_same() -> None:
    stored = await Stored.of()
    assert stored.report.allowed
    assert [(gate.how, list(gate.now)) for gate in (stored.schema(), stored.safety())] == [("judged again", [])] * 2
    assert answered_in(stored.body["seen"]) == [CALL]


async def test_the_checks_judge_by_what_was_seen_then() -> None:
    stored = await Stored.of()
    stored.body["seen"]["assets"]["web-0001"]["image_version"] = "0.0.1"
    assert {refusal.rule for refusal in stored.safety().now} == {"safety.state_changed", "safety.from_version"}
    stored = await Stored.of()
    stored.results[CALL]["simulation"]["predicted_failures"] = 9
    assert {refusal.rule for refusal in stored.safety().now} == {"safety.origin"}
    stored = await Stored.of()
    stored.body["seen"]["spec"]["id"] = "another"
    assert "safety.task" in {refusal.rule for refusal in stored.safety().now}


async def test_a_plan_that_the_schema_refused_is_judged_by_the_schema_again() -> None:
    stored = await Stored.of({**make_plan().model_dump(mode="json"), "phases": 3})
    again = stored.schema()
    assert (again.how, again.before) == ("judged again", ["schema.type"])
    assert [refusal.rule for refusal in again.now] == ["schema.type"]
    assert stored.safety() == Rejudged("safety", "not come to")


async def test_what_was_refused_by_a_rule_that_is_no_more_would_newly_pass() -> None:
    stored = await Stored.of()
    old = Refusal(gate="safety", rule="safety.of_old", reason="no longer")
    results = [
        result.model_copy(update={"passed": False, "refusals": [old]}) if result.gate == "safety" else result
        for result in stored.report.results
    ]
    stored.report = stored.report.model_copy(update={"results": results})
    others = [stored.schema(), stored.safety()]
    found = await replay(RegorusEngine(load_bundle()), {}, stored.report, others=others)
    assert (found.change, found.before, found.now) == ("newly passes", ["safety.of_old"], [])


async def test_a_kept_verdict_changes_nothing_however_it_was() -> None:
    """It is not on record: it counts as nothing before and nothing now."""
    stored = await Stored.of({**make_plan().model_dump(mode="json"), "task_id": "another"})
    assert {refusal.rule for refusal in stored.report.refusals} == {"safety.task"}
    assert stored.safety().before == ["safety.task"]
    stored.body["seen"] = None
    kept = stored.safety()
    assert (kept.how, kept.why, kept.before) == ("kept", NOT_SEEN, ())
    found = await replay(RegorusEngine(load_bundle()), {}, stored.report, others=[stored.schema(), kept])
    assert (found.change, found.before) == ("same", [])
    assert {gate.gate: gate.how for gate in found.gates}["safety"] == "kept"


async def test_why_a_verdict_is_kept_is_said() -> None:
    stored = await Stored.of()
    stored.body["contract"] = ""
    assert stored.schema().why == "Which contract it had to satisfy is not on record."
    stored.body["plan"]["summary"] = "[redacted]"
    assert (stored.schema().why, stored.safety().why) == (REDACTED, REDACTED)
    stored.body["plan"] = None
    assert (stored.schema().why, stored.safety().why) == (NO_PLAN, NO_PLAN)
    switched = await Stored.of(off=("safety",))
    assert switched.safety() == Rejudged("safety", "kept", OFF)
    with pytest.raises(ValueError, match="not on record"):
        replace(await Stored.of(), results={}).safety()
