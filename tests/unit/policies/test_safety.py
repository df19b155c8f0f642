"""Each safety check: what it refuses, and that without it the plan would have passed the gate."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable
from types import FunctionType, ModuleType

import pytest

from policies.checks import (
    actions,
    asked,
    authority,
    estate,
    identity,
    limits,
    origins,
    receipts,
    report,
    resources,
    structure,
    text,
)
from policies.checks.base import Check
from policies.checks.report import REPORT_CHECKS
from policies.safety import CHECKS, SafetyGate
from tests.unit.policies.documents import Change, both, drop, put
from tests.unit.policies.plans import (
    CALL,
    CATALOG,
    NEW,
    OLD,
    MemoryEstate,
    image,
    make_assets,
    make_context,
    make_estate,
    make_plan,
)
from tests.unit.policies.refusing import refused, same
from tests.unit.policies.safety_cases import IDS, PLAN_CASES, WORLDS, cited
from tools.contracts.common import JsonObject
from tools.contracts.estate import Asset


def _rename(asset_id: str, new: str) -> Change:
    """The same asset under another id, everywhere in the plan."""

    def change(plan: JsonObject) -> None:
        renamed = _replaced(plan, asset_id, new)
        plan.clear()
        plan.update(renamed)

    return change


def _replaced(plan: JsonObject, old: str, new: str) -> JsonObject:

    result: JsonObject = json.loads(json.dumps(plan).replace(f'"{old}"', f'"{new}"'))
    return result


async def test_a_good_plan_passes() -> None:
    assert await refused(same) == set()


async def test_figures_of_a_summary_may_come_from_a_receipt() -> None:
    shown = cited(CALL, "/simulation/predicted_duration_seconds", 600)
    change = both(put("summary", "It takes 600 s."), put("receipts", [shown]), put("simulation", None))
    assert await refused(change, context=make_context(plan=make_plan())) == set()


@pytest.mark.parametrize(
    "change",
    [
        put("simulation.predicted_duration_seconds", 1),
        put("version_comparison.0.releases_behind", 1),
    ],
)
async def test_what_no_planning_tool_said_is_refused(change: Change) -> None:
    assert await refused(change, context=make_context()) == {"origin"}
    rest = tuple(check for check in CHECKS if check is not origins.as_the_tools_said)
    assert await refused(change, context=make_context(), checks=rest) == set()


@pytest.mark.parametrize(("check", "rule", "change"), PLAN_CASES, ids=[case[1] for case in PLAN_CASES])
async def test_a_check_refuses_what_would_pass_without_it(check: Check, rule: str, change: Change) -> None:
    assert await refused(change) == {rule}
    assert await refused(change, checks=tuple(other for other in CHECKS if other is not check)) == set()


def _row(asset_id: str, **fields: object) -> Callable[[MemoryEstate], None]:
    def change(world: MemoryEstate) -> None:
        world.rows[asset_id] = world.rows[asset_id].model_copy(update=fields)

    return change


@pytest.mark.parametrize(("check", "rule", "world"), WORLDS, ids=[case[1] for case in WORLDS])
async def test_a_check_refuses_what_the_estate_does_not_bear_out(check: Check, rule: str, world: MemoryEstate) -> None:
    assert await refused(same, world=world) == {rule}
    assert await refused(same, world=world, checks=tuple(other for other in CHECKS if other is not check)) == set()


async def test_an_asset_that_left_the_estate_is_unknown() -> None:
    world = make_estate()
    del world.rows["web-0007"]
    assert await refused(same, world=world) == {"unknown_asset"}
    rest = tuple(check for check in CHECKS if check is not estate.assets_exist)
    assert await refused(same, world=world, checks=rest) == set()


async def test_another_orgs_asset_is_as_unknown_as_one_that_never_was() -> None:
    assert "unknown_asset" in await refused(_rename("web-0007", "other-0001"))
    assert "unknown_asset" in await refused(_rename("web-0007", "web-9999"))


class Leaking(MemoryEstate):
    """A connector that forgets whose rows it returns."""

    async def assets(
        self, org: str, query: object, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        rows = [
            row if row.id != "web-0007" else row.model_copy(update={"org_id": "T0OTHER"}) for row in self.rows.values()
        ]
        return [row for row in rows if org and query and limit], cursor


async def test_a_connector_that_leaks_another_orgs_asset_does_not_make_it_ours() -> None:
    world = Leaking(make_assets(30), [image(OLD), image(NEW)])
    assert "unknown_asset" in await refused(same, world=world)


async def test_an_asset_in_another_environment_is_refused() -> None:
    world = make_estate()
    _row("web-0007", environment="staging")(world)
    assert await refused(same, world=world) == {"asset_environment", "state_changed"}


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"state": "stopped"}, {"state_changed"}),
        ({"image_version": "1.5.0"}, {"state_changed", "from_version"}),
        ({"image_family": "db-base"}, {"state_changed", "target_misfit", "rollback_version"}),
        ({"name": "renamed"}, set[str]()),
    ],
)
async def test_an_asset_that_changed_since_planning_is_refused(fields: dict[str, object], rules: set[str]) -> None:
    world = make_estate()
    _row("web-0007", **fields)(world)
    assert await refused(same, world=world) == rules


async def test_an_expectation_is_needed_for_each_asset_and_no_other() -> None:
    for change in (drop("expectations.3"), put("expectations.3.asset_id", "web-0001")):
        rules = await refused(change)
        assert "expectations" in rules


async def test_assets_that_are_listed_or_changed_wrongly_are_refused() -> None:
    assert "asset_not_changed" in await refused(drop("phases.3"))
    assert "asset_not_in_plan" in await refused(put("asset_ids", IDS[1:]))
    twice = both(
        put("phases.2.asset_ids", IDS[:8]),
        put("phases.2.actions.0.asset_ids", IDS[:8]),
        put("phases.2.actions.0.params.asset_ids", IDS[:8]),
    )
    assert "asset_changed_twice" in await refused(twice)


async def test_a_tool_nobody_knows_and_one_of_another_agent_are_refused() -> None:
    assert "unknown_tool" in await refused(put("phases.0.actions.0.tool", "rm_rf"))
    other_agent = dataclasses.replace(make_context(), agent="cost")
    assert await refused(same, context=other_agent) == {"tool_not_allowed"}


@pytest.mark.parametrize(
    "value", ["web-1; rm -rf /", "x && reboot", "$(id)", "`id`", "a | sh", "one\ntwo", "curl http://x", "sudo reboot"]
)
async def test_command_text_in_parameters_is_refused(value: str) -> None:
    change = put("phases.0.actions.0.params.target_image_id", value)
    assert "command_text" in await refused(change)
    rest = tuple(check for check in CHECKS if check is not text.no_commands)
    assert "command_text" not in await refused(change, checks=rest)


@pytest.mark.parametrize("key", ["command", "script", "CMD", "user_data"])
async def test_a_parameter_that_is_named_like_a_command_is_refused(key: str) -> None:
    assert "command_text" in await refused(put(f"phases.0.actions.0.params.{key}", 1))


async def test_a_parameter_for_another_environment_is_refused() -> None:
    rules = await refused(put("phases.0.actions.0.params.environment", "staging"))
    assert "params_environment" in rules


async def test_a_secret_is_named_by_kind_and_place_and_never_repeated() -> None:
    plan = make_plan().model_dump(mode="json")
    put("rollback.actions.0.id", "token ghp_0123456789abcdefghijABCDEFGHIJ0123")(plan)
    finding = await SafetyGate(make_estate(), CATALOG).judge(plan, make_context())
    assert [refusal.rule for refusal in finding.refusals] == ["safety.secret"]
    assert "ghp_" not in finding.refusals[0].reason
    assert "/rollback/actions/0/id" in finding.refusals[0].reason


async def test_a_plan_for_another_environment_than_the_tasks_is_refused() -> None:
    staging = dataclasses.replace(
        make_context(), spec=make_context().spec.model_copy(update={"environment": "staging"})
    )
    assert await refused(same, context=staging) == {"environment"}


def test_every_check_is_in_the_gate() -> None:
    modules = (identity, structure, actions, estate, text, limits, receipts, origins, authority, resources, asked)
    assert {check for module in modules for check in _checks_in(module)} == set(CHECKS)
    assert len(CHECKS) == len(set(CHECKS))
    assert _checks_in(report) == set(REPORT_CHECKS)


def _checks_in(module: ModuleType) -> set[object]:
    """Public functions of a case."""
    return {
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and "case" in inspect.signature(value).parameters
    }
