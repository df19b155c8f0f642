"""The modes beside the council: one model, and all of them put together by one."""

from __future__ import annotations

import pytest

from tests.unit.orchestrator.council_table import FOUR, Table, carried, table
from tests.unit.orchestrator.parts import report
from tests.unit.orchestrator.provider import fails, says

__all__ = ["table"]


async def test_single_mode_asks_one_member_and_claims_no_agreement(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.seat("beta", answer=report("24"))
    result = await table.deliberate("alpha", "beta", mode="single")
    assert table.asked("DriftMemberReport") == ["alpha"]
    outcome = result.outcome
    assert (outcome.mode, outcome.degraded, outcome.consensus, outcome.agreement) == ("single", None, False, None)
    assert all(row.single_source and not row.carried for row in outcome.tallies)
    assert result.carried_phase_keys == {"wave:web-1", "wave:web-2"}
    assert (result.best, carried(result)) == ("Alpha", ["23"])
    assert [member.state for member in outcome.members] == ["answered", "waiting"]


async def test_single_mode_falls_back_aloud(table: Table) -> None:
    table.seat("alpha", answer=fails(503))
    table.seat("beta", answer=report("24"))
    result = await table.deliberate("alpha", "beta", mode="single")
    assert result.best == "Beta"
    assert table.watcher.notes == ["Alpha did not answer (it could not be reached); Beta answers instead."]
    assert [member.state for member in result.outcome.members] == ["failed", "answered"]


async def test_aggregation_gives_the_primary_anonymous_reports(table: Table) -> None:
    for model, value in zip(FOUR[:3], ("23", "23", "24"), strict=True):
        table.seat(model, answer=report(value))
    table.provider.play("alpha", says(report("23")), says(report("23", "99")), schema="DriftMemberReport")
    result = await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.outcome.consensus, result.outcome.agreement) == ("aggregation", False, None)
    assert result.best == "synthesis"
    assert carried(result) == ["23"], "what only the synthesis says is not kept"
    assert table.asked("DriftMemberReport")[-1] == "alpha"
    prompt = table.provider.calls[-1].prompt
    assert len(prompt.splitlines()) == 2, "equal reports are given once"
    assert not any(model.capitalize() in prompt for model in FOUR)


@pytest.mark.parametrize(("broken", "synthesises"), [(None, "gamma"), ("gamma", "alpha")])
async def test_the_named_primary_synthesises_and_the_first_other_where_it_cannot(
    table: Table, broken: str | None, synthesises: str
) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    if broken is not None:
        table.seat(broken, answer=fails(500))
    await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True, primary="Gamma")
    assert table.asked("DriftMemberReport")[-1] == synthesises


@pytest.mark.parametrize("broken", FOUR[:3])
async def test_aggregation_survives_any_member(table: Table, broken: str) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat(broken, answer=fails(500))
    result = await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True)
    assert result.outcome.mode == "aggregation"
    assert result.best == "synthesis"


async def test_aggregation_of_one_answer_says_that_it_is_single(table: Table) -> None:
    table.seat("alpha", answer=fails(500))
    table.seat("beta", answer=report("23"))
    result = await table.deliberate("alpha", "beta", mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.best) == ("single", "Beta")
    assert result.outcome.degraded in table.watcher.notes


async def test_aggregation_without_a_synthesis_says_that_it_is_single(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.provider.play("alpha", says(report("23")), fails(500), schema="DriftMemberReport")
    table.seat("beta", answer=report("23"))
    table.provider.play("beta", says(report("23")), fails(500), schema="DriftMemberReport")
    result = await table.deliberate("alpha", "beta", mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.best) == ("single", "Alpha")
    assert result.outcome.degraded in table.watcher.notes
