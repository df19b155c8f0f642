"""A gate that configuration switches off: it alone is off, never in production, and the report says so."""

from __future__ import annotations

from typing import get_args

import pytest

from policies.bundle import load_bundle
from policies.pipeline import ORDER, Pipeline, build_pipeline
from policies.regorus_engine import RegorusEngine
from policies.switches import UNASKED
from tests.unit.policies.plans import CATALOG, NoHistory, make_context, make_estate
from tests.unit.policies.settings_data import autonomy
from tests.unit.policies.test_pipeline import KNOWN_BAD, plan
from tools.contracts.verdict import GateName


def pipeline(*off: GateName, production: bool = False) -> Pipeline:
    return build_pipeline(
        RegorusEngine(load_bundle(autonomy("T0ACME", {"mode": "full_auto", "max_assets": 99}))),
        estate=make_estate(),
        catalog=CATALOG,
        history=NoHistory(),
        off=off,
        production=production,
    )


@pytest.mark.parametrize("off", ORDER)
async def test_a_gate_that_is_off_lets_pass_what_it_alone_would_stop_and_no_other_does(off: GateName) -> None:
    """Mistake 5 before us: turning OPA off turned schema and safety checks off, too."""
    judging = pipeline(off)
    for gate, bad, context in KNOWN_BAD:
        report = await judging.judge(bad, context)
        assert report.allowed is (gate == off), gate
        if gate != off:
            assert [result.gate for result in report.results if not result.passed] == [gate]


@pytest.mark.parametrize("off", ORDER)
async def test_what_is_off_is_said(off: GateName) -> None:
    report = await pipeline(off).judge(plan(), make_context())
    assert report.allowed
    assert report.gates_off == [off]
    assert report.policy_digest is not None
    assert [result.engine for result in report.results if result.off] == ["off"]


async def test_with_every_gate_on_nothing_is_said_to_be_off() -> None:
    assert (await pipeline().judge(plan(), make_context())).gates_off == []


@pytest.mark.parametrize("off", ORDER)
def test_in_production_mode_no_gate_can_be_off(off: GateName) -> None:
    with pytest.raises(ValueError, match="production mode"):
        pipeline(off, production=True)


def test_production_mode_is_what_it_is_unless_told_otherwise() -> None:
    engine = RegorusEngine(load_bundle())
    with pytest.raises(ValueError, match="production mode"):
        build_pipeline(engine, estate=make_estate(), catalog=CATALOG, history=NoHistory(), off=["policy"])


async def test_with_all_four_off_a_person_must_still_say_yes() -> None:
    report = await pipeline(*get_args(GateName)).judge(plan(batch_percent=50), make_context())
    assert report.allowed
    assert report.requirement == UNASKED
    assert report.unattended_phases == 0


async def test_with_the_approval_gate_off_nothing_runs_alone() -> None:
    report = await pipeline("approval").judge(plan(), make_context())
    assert report.requirement == UNASKED
    assert report.unattended_phases == 0


async def test_with_the_schema_gate_off_what_is_no_plan_is_still_none() -> None:
    for bad in ({}, {"summary": "run it"}, {**plan(), "phases": "all"}):
        report = await pipeline("schema").judge(bad, make_context())
        assert not report.allowed
    assert not (await pipeline("schema").judge(plan(), make_context(contract="Poem"))).allowed
