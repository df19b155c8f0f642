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
from policies.gate import JudgeContext
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
from tools.contracts.common import Environment, JsonObject
from tools.contracts.estate import Asset, Image
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.plan import Action
from tools.contracts.taskspec import Constraints, TimeWindow

IDS = [f"web-{number:04d}" for number in range(1, 31)]
Case = tuple[Check, str, Change]
READING = Action(id="q", tool="get_golden_image", params={"family": "web-base"}, asset_ids=[]).model_dump()


def cited(call: str, path: str, value: str | float) -> JsonObject:
    return {"tool_call_id": call, "path": path, "value": value}


def _same(_: JsonObject) -> None:
    """Changes nothing."""


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


async def refused(
    change: Change,
    *,
    world: MemoryEstate | None = None,
    context: JudgeContext | None = None,
    checks: tuple[Check, ...] = CHECKS,
) -> set[str]:
    """The rules by which the gate refuses the changed plan."""
    plan = make_plan().model_dump(mode="json")
    change(plan)
    gate = SafetyGate(world or make_estate(), CATALOG, checks=checks)
    # What the tools said is what the plan says they said, unless a test has it otherwise.
    context = context or make_context(plan=DriftRemediationPlan.model_validate(plan))
    finding = await gate.judge(plan, context)
    return {refusal.rule.removeprefix("safety.") for refusal in finding.refusals}


async def test_a_good_plan_passes() -> None:
    assert await refused(_same) == set()


PLAN_CASES: list[Case] = [
    (identity.of_this_task, "org", put("org", "T0OTHER")),
    (identity.of_this_task, "task", put("task_id", "T0ACME.C1.2000")),
    (identity.of_this_task, "revision", put("revision", 2)),
    (identity.evidence, "no_evidence", put("evidence", [])),
    (identity.evidence, "unknown_evidence", put("evidence.0.tool_call_id", "call-never-made")),
    (structure.unique_names, "phase_name_twice", put("phases.2.name", "Canary")),
    (structure.unique_names, "action_id_twice", put("phases.2.actions.0.id", "a0")),
    (structure.each_asset_once, "asset_listed_twice", put("asset_ids", [*IDS, IDS[0]])),
    (structure.actions_match_phases, "phase_assets", put("phases.0.asset_ids", ["web-0001", "web-0003"])),
    (structure.stated_percent, "batch_percent", put("phases.2.batch_percent", 5)),
    (structure.canary_first, "canary_first", put("phases.0.type", "wave")),
    (structure.pauses_only_in_waits, "wait_ignored", put("phases.2.wait_seconds", 60)),
    (structure.pauses_only_in_waits, "wait_with_work", put("phases.1.asset_ids", IDS)),
    (
        actions.known_tools,
        "tool_not_allowed",
        put("phases.7.actions", [READING]),
    ),
    (actions.valid_params, "invalid_params", put("phases.0.actions.0.params.force", True)),
    (
        actions.params_name_the_assets,
        "params_assets",
        put("phases.0.actions.0.params.asset_ids", ["web-0001", "web-0009"]),
    ),
    (actions.forward_to_target, "target_image", put("phases.0.actions.0.params.target_image_id", image(OLD).id)),
    (actions.forward_to_target, "rollback_forward", put("phases.0.actions.0.params.rollback", True)),
    (actions.rollback_restores, "rollback_image", put("rollback.actions.0.params.target_image_id", "web-base-0.0.0")),
    (actions.rollback_restores, "rollback_version", put("rollback.actions.0.params.target_image_id", image(NEW).id)),
    (actions.rollback_restores, "rollback_unmarked", put("rollback.actions.0.params.rollback", False)),
    (
        actions.rollback_restores,
        "rollback_incomplete",
        both(put("rollback.actions.0.params.asset_ids", IDS[1:]), put("rollback.actions.0.asset_ids", IDS[1:])),
    ),
    (estate.expectations_hold, "state_changed", put("expectations.0.fingerprint", "sha256:old")),
    (estate.target_is_real, "target_unknown", put("target_image.family", "db-base")),
    (estate.versions_agree, "to_version", put("expectations.0.to_version", "9.9.9")),
    (estate.versions_agree, "comparison", put("version_comparison.0.current_version", "9.9.9")),
    (receipts.plan_receipts, "receipts_uncited", put("summary", f"Move 31 web servers to web-base {NEW}.")),
    (receipts.plan_receipts, "receipts_uncited", put("summary", "Move thirty web servers, CVE-2026-1 is why.")),
    (receipts.plan_receipts, "receipts_uncited", put("phases.0.name", "Canary of 99")),
    (receipts.plan_receipts, "receipts_uncited", put("rollback.note", "Costs $5,000.")),
    (
        receipts.plan_receipts,
        "receipts_wrong",
        put("receipts", [cited("call-never-made", "/simulation/predicted_failures", 0)]),
    ),
    (receipts.plan_receipts, "receipts_wrong", put("receipts", [cited(CALL, "/simulation/id", "sim-2")])),
    (estate.window_is_real, "window_invented", put("maintenance_window.end", "2026-12-24T12:00:00Z")),
    (estate.window_is_real, "window_invented", put("maintenance_window.start", "2026-11-20T12:00:00Z")),
    (text.no_secrets, "secret", put("summary", "Use password: huntertwohunter on the bastion.")),
    (text.no_secrets, "secret", put("rollback.actions.0.id", "AKIAIOSFODNN7EXAMPLE")),
    (text.no_secrets, "secret", put("evidence.0.summary", "postgres://admin:s3cret@db/prod")),
    (text.no_secrets, "secret", put("phases.2.actions.0.id", "xoxb-1234567890-abcdefghij")),
]


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


def _images(*images: Image) -> MemoryEstate:
    return MemoryEstate(make_assets(30), list(images))


class _NoWindows(MemoryEstate):
    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        return None


WORLDS: list[tuple[Check, str, MemoryEstate]] = [
    (estate.target_is_real, "target_unknown", _images(image(OLD))),
    (estate.target_is_real, "target_unsigned", _images(image(OLD), image(NEW).model_copy(update={"signed": False}))),
    (estate.target_is_real, "target_status", _images(image(OLD), image(NEW).model_copy(update={"status": "draft"}))),
    (estate.target_is_real, "target_misfit", _images(image(OLD), image(NEW).model_copy(update={"platforms": ["gcp"]}))),
    (estate.target_is_real, "target_unknown", _images(image(OLD), image(NEW).model_copy(update={"org_id": "T0OTHER"}))),
    (estate.window_is_real, "window_unknown", _NoWindows(make_assets(30), [image(OLD), image(NEW)])),
]


@pytest.mark.parametrize(("check", "rule", "world"), WORLDS, ids=[case[1] for case in WORLDS])
async def test_a_check_refuses_what_the_estate_does_not_bear_out(check: Check, rule: str, world: MemoryEstate) -> None:
    assert await refused(_same, world=world) == {rule}
    assert await refused(_same, world=world, checks=tuple(other for other in CHECKS if other is not check)) == set()


async def test_an_asset_that_left_the_estate_is_unknown() -> None:
    world = make_estate()
    del world.rows["web-0007"]
    assert await refused(_same, world=world) == {"unknown_asset"}
    rest = tuple(check for check in CHECKS if check is not estate.assets_exist)
    assert await refused(_same, world=world, checks=rest) == set()


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
    assert "unknown_asset" in await refused(_same, world=world)


async def test_an_asset_in_another_environment_is_refused() -> None:
    world = make_estate()
    _row("web-0007", environment="staging")(world)
    assert await refused(_same, world=world) == {"asset_environment", "state_changed"}


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
    assert await refused(_same, world=world) == rules


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
    assert await refused(_same, context=other_agent) == {"tool_not_allowed"}


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
    assert await refused(_same, context=staging) == {"environment"}


async def asking(**constraints: float) -> set[str]:
    """Of the good plan: a canary of 2, a pause of 60 s, waves of 6 of 30, when a person asked for this."""
    spec = make_context().spec.model_copy(update={"constraints": Constraints.model_validate(constraints)})
    plan = make_plan()
    context = dataclasses.replace(make_context(plan=plan), spec=spec)
    with_it = await refused(_same, context=context)
    others = tuple(check for check in CHECKS if check is not asked.as_careful_as_asked)
    assert await refused(_same, context=context, checks=others) == set()
    return with_it


async def test_a_plan_that_is_bolder_than_a_person_asked_for_is_refused_by_this_check_alone() -> None:
    assert await asking(max_batch_percent=19.9) == {"batch_asked"}
    assert await asking(canary_size=1) == {"canary_asked"}
    assert await asking(wait_seconds=61) == {"wait_asked"}
    assert await asking(max_batch_percent=3, canary_size=1, wait_seconds=600) == {
        "batch_asked",
        "canary_asked",
        "wait_asked",
    }


def phases(*order: int, **changed: JsonObject) -> Change:
    """The good plan's phases in another order, or again. `changed`: `at_0={"type": "wave"}` changes the first."""

    def change(plan: JsonObject) -> None:
        old = plan["phases"]
        plan["phases"] = [json.loads(json.dumps(old[number])) for number in order]
        for name, fields in changed.items():
            plan["phases"][int(name.removeprefix("at_"))].update(fields)

    return change


@pytest.mark.parametrize(
    ("constraints", "change", "rule"),
    [
        ({"canary_size": 1}, phases(0, 1, 2, 3, 4, 5, 6, 7, at_0={"type": "wave"}), "canary_asked"),
        ({"canary_size": 1}, phases(0, 1, 2, 3, 4, 5, 6, 7, at_0={"type": "verify"}), "canary_asked"),
        ({"canary_size": 2}, phases(2, 1, 0, 3, 4, 5, 6, 7), "canary_asked"),
        ({"max_batch_percent": 10}, phases(0, 1, 2, 3, 4, 5, 6, 7, at_2={"type": "canary"}), "batch_asked"),
        ({"max_batch_percent": 10}, phases(0, 1, 2, 3, 4, 5, 6, 7, at_2={"type": "verify"}), "batch_asked"),
        ({"wait_seconds": 60}, phases(1, 0, 2, 3, 4, 5, 6, 7), "wait_asked"),
        ({"wait_seconds": 60}, phases(0, 2, 1, 3, 4, 5, 6, 7), "wait_asked"),
        ({"wait_seconds": 60}, phases(0, 2, 3, 4, 5, 6, 7, 1), "wait_asked"),
        ({"wait_seconds": 60}, phases(0, 1, 2, 3, 4, 5, 6, 7, at_1={"type": "verify"}), "wait_asked"),
    ],
)
async def test_what_phases_are_called_and_where_the_pause_stands_walks_around_nothing(
    constraints: dict[str, float], change: Change, rule: str
) -> None:
    spec = make_context().spec.model_copy(update={"constraints": Constraints.model_validate(constraints)})
    context = dataclasses.replace(make_context(plan=make_plan()), spec=spec)
    assert rule in await refused(change, context=context)


async def test_a_plan_that_is_as_careful_as_asked_or_more_passes() -> None:
    assert await asking() == set()
    assert await asking(max_batch_percent=20, canary_size=2, wait_seconds=60) == set()
    assert await asking(max_batch_percent=100, canary_size=30, wait_seconds=0) == set()


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


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "xoxb-1234567890-abcdefghij",
        "xapp-1-A0123456789-abc",
        *(f"gh{kind}_{'a1' * 18}" for kind in "opsru"),
        f"github_pat_{'a1' * 18}",
        f"sk-{'a1' * 12}",
        f"AIza{'a1' * 18}",
        "eyJhbGciOiJI.eyJzdWIiOiIx.x",
        "ftp://me:mine@host",
        *(
            f"{name}: hunter22"
            for name in ("PassWord", "pa\u017f\u017fword", "passwd", "SECRET", "api-\u212aey", "access_token")
        ),
    ],
)
def test_no_kind_of_secret_is_passed_over_by_the_first_look(secret: str) -> None:
    assert text.looks_secret(secret)
    assert list(text.secrets_in(make_plan(3).model_copy(update={"summary": secret}), "plan"))


def test_half_a_surrogate_pair_is_looked_through_like_anything_else() -> None:
    plan = make_plan(3).model_copy(update={"summary": "\ud800 password: hunter22"})
    assert list(text.secrets_in(plan, "plan"))
    assert not list(text.secrets_in(plan.model_copy(update={"summary": "\ud800"}), "plan"))
