"""Two validators, one verdict: the thorough one has nothing against a plan that the quick one lets through."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest
from jsonschema.exceptions import ValidationError

from policies.schema import JUDGED_TWICE_BYTES, SchemaGate, SchemaValidator, is_date_time, sentences, strict_validator
from tests.unit.policies.documents import drop, paths, put
from tests.unit.policies.plans import make_context, make_plan
from tools.contracts.common import JsonObject, canonical_json
from tools.contracts.outputs import PLANS
from tools.json_schema import TwoValidators

STRANGE: list[object] = [None, True, -1, 0, 2**70, 1.0, 1.5, "", "x" * 300, "2026-11-24T10:00:00\n", "٣", [], {}, [[]]]

SCHEMA: JsonObject = PLANS["DriftRemediationPlan"].model_json_schema()


def thorough() -> SchemaValidator:
    """As the gate's own was before there were two."""
    checker = jsonschema.FormatChecker()
    checker.checks("date-time", raises=ValueError)(is_date_time)
    return jsonschema.Draft202012Validator(SCHEMA, format_checker=checker)


def plan() -> JsonObject:
    return make_plan(6).model_dump(mode="json")


@pytest.mark.parametrize("path", sorted(paths(plan())))
def test_both_say_the_same_of_a_plan_with_one_thing_wrong(path: str) -> None:
    both, one = strict_validator(SCHEMA), thorough()
    for change in [drop(path), *(put(path, value) for value in STRANGE)]:
        written = plan()
        change(written)
        assert bool(sentences(both, written)) is bool(list(one.iter_errors(written))), written


def test_what_is_no_json_is_described_by_the_thorough_one() -> None:
    written = plan()
    put("phases.0.name", {"a", "set"})(written)
    assert sentences(strict_validator(SCHEMA), written)


@pytest.mark.parametrize("assets", [6, 300])
async def test_what_the_quick_one_misses_jsonschema_refuses_in_a_plan_of_usual_size(
    assets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = SchemaGate()

    def finds_nothing(_validators: TwoValidators, _instance: object, /) -> Iterator[ValidationError]:
        return iter(())

    monkeypatch.setattr(TwoValidators, "iter_errors", finds_nothing)
    written = make_plan(assets).model_dump(mode="json")
    assert (len(canonical_json(written)) <= JUDGED_TWICE_BYTES) is (assets == 6)
    assert (await gate.judge(written, make_context())).refusals == []
    written["summary"] = 7
    [refusal] = (await gate.judge(written, make_context())).refusals
    # Beyond that size the contract's own model is what is left.
    assert refusal.rule == ("schema.type" if assets == 6 else "schema.contract")
