"""Mistake 3 of the system before this one: a missing key made a rule not fire, so a critical plan was allowed."""

from __future__ import annotations

import pytest

from policies.engine import PolicyEngine, is_list, is_object
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import DOCUMENTS, changed, drop, paths, put

UNREAD = {
    "ql.ai.safety": {
        # What the schema gate requires and the safety gate judges; no rule of this package rests on it.
        "plan.task_id",
        "plan.revision",
        "plan.target_image",
        "plan.expectations",
        "plan.evidence",
        "plan.simulation.id",
        "plan.simulation.predicted_duration_seconds",
        "plan.simulation.warnings",
        "plan.resources",
        "plan.receipts",
        "plan.rollback.note",
        "plan.rollback.actions.0.id",
        "plan.rollback.actions.0.resource_ids",
        "plan.phases.0.actions.0.id",
        "plan.phases.0.actions.0.resource_ids",
        "plan.phases.0.actions.0.params.asset_ids",
        "plan.phases.0.actions.0.params.rollback",
        "plan.phases.0.actions.0.params.target_image_id",
        "plan.phases.0.health_checks.0.timeout_seconds",
        "plan.rollback.actions.0.params.asset_ids",
        "plan.rollback.actions.0.params.rollback",
        "plan.rollback.actions.0.params.target_image_id",
    },
    "ql.ai.tools": set[str](),
    "ql.ai.approval": set[str](),
    "ql.ai.execution": set[str](),
    "ql.ai.autonomy": {"assets.0.tags.role"},  # a tag like any other: which ones matter is set
    "ql.ai.commands": set[str](),
    "ql.ai.images": set[str](),
    "ql.ai.reports": set[str](),
}


def _read(package: str) -> list[str]:
    every = dict.fromkeys(paths(DOCUMENTS[package]()))
    inside = tuple(f"{path}." for path in ("plan.target_image", "plan.expectations", "plan.evidence"))
    skipped = ("plan.version_comparison.0.", "tools.")
    return [
        path
        for path in every
        if path not in UNREAD[package]
        and not path.startswith(inside)
        and (
            not path.startswith(skipped)
            or path.endswith(".asset_id")
            or package not in {"ql.ai.safety", "ql.ai.autonomy"}
        )
    ]


CASES = [(package, path) for package in DOCUMENTS for path in _read(package)]


@pytest.mark.parametrize(("package", "path"), CASES)
async def test_a_key_that_is_missing_denies(package: str, path: str, opa: PolicyEngine, regorus: RegorusEngine) -> None:
    document = changed(package, drop(path))
    by_opa, by_regorus = await opa.decide(package, document), await regorus.decide(package, document)
    assert by_opa == by_regorus
    assert by_opa["allow"] is False
    assert by_opa["deny"]


@pytest.mark.parametrize(("package", "path"), CASES)
@pytest.mark.parametrize("value", [{"x": 1}, [[]], True], ids=["object", "list", "boolean"])
async def test_a_key_of_another_type_allows_nothing_it_did_not_allow(
    package: str, path: str, value: object, regorus: RegorusEngine
) -> None:
    before = _at(DOCUMENTS[package](), path)
    if type(before) is type(value):
        value = None
    decision = await regorus.decide(package, changed(package, put(path, value)))
    nullable = value is None and before is None
    assert decision["allow"] is nullable


@pytest.mark.parametrize("package", DOCUMENTS)
async def test_an_empty_input_denies(package: str, opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        decision = await engine.decide(package, {})
        assert decision["allow"] is False
        assert [entry["rule"] for entry in decision["deny"]] == ["input.incomplete"]


def _at(value: object, path: str) -> object:
    for step in path.split("."):
        value = value[int(step)] if is_list(value) else value[step] if is_object(value) else None
    return value
