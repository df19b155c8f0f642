"""No check and no gate is decorative: for each there is a plan that it alone stops."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass

import pytest

from policies.checks import actions, asked, authority, estate, limits, origins, receipts, text
from policies.checks.base import Check
from policies.gate import Catalog
from policies.pipeline import ORDER
from policies.safety import CHECKS, SafetyGate
from tests.unit.policies.documents import Change, put
from tests.unit.policies.plans import CATALOG, NEW, OLD, MemoryEstate, image, make_assets, make_context, make_plan
from tests.unit.policies.safety_cases import PLAN_CASES, WORLDS
from tests.unit.policies.test_pipeline import KNOWN_BAD
from tests.unit.tools.test_operations_plans import DR_FLAWS, IMAGE_FLAWS
from tools.contracts.common import JsonObject
from tools.contracts.estate import Asset
from tools.contracts.outputs.drift import DriftRemediationPlan


@dataclass(frozen=True)
class Bad:
    """A plan that one check alone refuses, and the world in which that is so."""

    check: Check
    rule: str
    plan: JsonObject
    assets: list[Asset]
    catalog: Catalog
    told: JsonObject
    """What the planning tools said: the plan itself, unless the flaw is that they did not."""

    async def refused(self, *checks: Check) -> set[str]:
        world = MemoryEstate(self.assets, [image(OLD), image(NEW)])
        gate = SafetyGate(world, self.catalog, checks=checks)
        told = DriftRemediationPlan.model_validate(self.told)
        finding = await gate.judge(self.plan, make_context(plan=told))
        return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}


def bad(
    check: Check,
    rule: str,
    *changes: Change,
    assets: list[Asset] | None = None,
    catalog: Catalog = CATALOG,
    renamed: tuple[str, str] | None = None,
    untold: bool = False,
) -> Bad:
    plan = make_plan().model_dump(mode="json")
    told = copy.deepcopy(plan)
    for change in changes:
        change(plan)
    rows = assets or make_assets(30)
    if renamed is not None:
        plan = json.loads(json.dumps(plan).replace(f'"{renamed[0]}"', json.dumps(renamed[1])))
        rows = [row if row.id != renamed[0] else row.model_copy(update={"id": renamed[1]}) for row in rows]
        for row in plan["expectations"]:
            row["fingerprint"] = next(asset.fingerprint for asset in rows if asset.id == row["asset_id"])
    return Bad(check, rule, plan, rows, catalog, told=told if untold else plan)


def _moved() -> list[Asset]:
    return [
        row if row.id != "web-0007" else row.model_copy(update={"environment": "staging"}) for row in make_assets(30)
    ]


def _as_moved(plan: JsonObject) -> None:
    """The expectation is of the asset as it is, in staging: nothing changed since the plan was written."""
    plan["expectations"][6]["fingerprint"] = _moved()[6].fingerprint


def _twice(plan: JsonObject) -> None:
    plan["expectations"].append(copy.deepcopy(plan["expectations"][0]))


def _elsewhere(plan: JsonObject) -> None:
    plan["phases"][0]["actions"][0]["params"]["environment"] = "staging"


def _takes_environment() -> Catalog:
    """As if the tool took an environment: then it must be the plan's."""
    catalog = copy.deepcopy(dict(CATALOG))
    catalog["execute_rollout_prod"]["input_schema"]["properties"]["environment"] = {"type": "string"}
    return catalog


def _most_at_once(plan: JsonObject) -> None:
    """Canary of two, and the other 28 in one wave: a policy's figure may have been set to allow it."""
    wave, ids = plan["phases"][2], plan["asset_ids"][2:]
    wave["asset_ids"] = wave["actions"][0]["asset_ids"] = wave["actions"][0]["params"]["asset_ids"] = ids
    wave["batch_percent"] = round(100 * len(ids) / 30, 2)
    plan["phases"] = [*plan["phases"][:3], plan["phases"][-1]]


def _two_waves_at_once(plan: JsonObject) -> None:
    """Within every limit, and no tool planned it so."""
    first, second = plan["phases"][2:4]
    for one, other in ((first, second), (first["actions"][0], second["actions"][0])):
        one["asset_ids"] = [*one["asset_ids"], *other["asset_ids"]]
    first["actions"][0]["params"]["asset_ids"] = first["asset_ids"]
    first["batch_percent"] = round(100 * len(first["asset_ids"]) / 30, 2)
    plan["phases"].remove(second)


SINGLE = [
    bad(estate.assets_in_environment, "asset_environment", _as_moved, assets=_moved()),
    bad(estate.expectations_cover, "expectations", _twice),
    bad(actions.environment_of_params, "params_environment", _elsewhere, catalog=_takes_environment()),
    bad(limits.batch_ceiling, "batch_ceiling", _most_at_once),
    bad(receipts.plan_receipts, "", put("summary", "Reboot 77 servers because web-0777 is on 9.9.9.")),
    bad(origins.as_the_tools_said, "origin", put("simulation.predicted_duration_seconds", 1), untold=True),
    bad(authority.actions_as_planned, "action_origin", _two_waves_at_once, untold=True),
]


@pytest.mark.parametrize("case", SINGLE, ids=[getattr(case.check, "__name__", "") for case in SINGLE])
async def test_one_check_alone_stops_it(case: Bad) -> None:
    found = await case.refused(*CHECKS)
    assert found
    assert case.rule in found or not case.rule
    assert await case.refused(*(check for check in CHECKS if check is not case.check)) == set()


async def test_a_plan_of_a_whole_fleet_is_nobodys_to_approve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ASSETS", 29)
    case = bad(limits.blast_radius, "blast_radius")
    assert await case.refused(*CHECKS) == {"blast_radius"}
    assert await case.refused(*(check for check in CHECKS if check is not limits.blast_radius)) == set()


ELSEWHERE: set[Check] = {
    # Alone stop what `test_safety` shows of each, and what no plan can be but with another fault, too.
    text.no_commands,
    estate.assets_exist,
    limits.blast_radius,
    asked.as_careful_as_asked,
    authority.within_the_task,  # in `tests/hostile/test_instructions_in_text.py`
}


def test_every_check_has_its_known_bad_plan() -> None:
    shown = {case.check for case in SINGLE} | {case[0] for case in PLAN_CASES} | {case[0] for case in WORLDS}
    shown |= {case[0] for case in (*DR_FLAWS, *IMAGE_FLAWS)}  # each with what it stops, where their plans are
    assert shown | ELSEWHERE == set(CHECKS)


async def test_command_text_in_an_assets_name_is_stopped_by_one_check_alone() -> None:
    case = bad(text.no_commands, "command_text", renamed=("web-0007", "web-0007; reboot"))
    assert "command_text" in await case.refused(*CHECKS)
    assert "command_text" not in await case.refused(*(check for check in CHECKS if check is not text.no_commands))


def test_every_gate_has_its_known_bad_plan() -> None:
    assert {case[0] for case in KNOWN_BAD} == set(ORDER)
