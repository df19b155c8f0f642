from __future__ import annotations

import pytest

from policies.schema import CONTRACTS, MAX_PLAN_BYTES, SchemaGate, sentences, strict_validator
from tests.unit.policies.documents import Change, drop, paths, put
from tests.unit.policies.plans import make_context, make_plan
from tools.contracts.common import JsonObject


async def refusals(change: Change) -> list[tuple[str, str]]:
    plan = make_plan().model_dump(mode="json")
    change(plan)
    finding = await SchemaGate().judge(plan, make_context())
    return [(refusal.rule, refusal.reason) for refusal in finding.refusals]


@pytest.mark.parametrize(
    ("change", "rule", "place"),
    [
        (put("phases.0.type", "Canary"), "schema.enum", "/phases/0/type"),
        (put("phases.0.wait_seconds", "60"), "schema.type", "/phases/0/wait_seconds"),
        (put("phases.0.command", "rm -rf /"), "schema.additionalProperties", "/phases/0"),
        (put("phases.0.health_checks.0.kind", "shell"), "schema.enum", "/phases/0/health_checks/0/kind"),
        (put("asset_ids", "web-0001"), "schema.type", "/asset_ids"),
        (put("asset_ids.0", "x" * 200), "schema.maxLength", "/asset_ids/0"),
        (put("environment", "prod"), "schema.enum", "/environment"),
        (put("phases", None), "schema.type", "/phases"),
        (drop("rollback"), "schema.required", "/"),
        (put("kind", "PatchRolloutPlan"), "schema.const", "/kind"),
        (put("revision", 0), "schema.minimum", "/revision"),
    ],
)
async def test_a_plan_that_is_not_to_the_letter_is_refused_with_its_place(
    change: Change, rule: str, place: str
) -> None:
    found = await refusals(change)
    assert [name for name, _ in found] == [rule]
    assert found[0][1].startswith(f"{place}: ")


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow",
        "2026-11-24",
        "2026-11-24T10:00:00",  # no time zone: whose morning?
        "2026-13-24T10:00:00Z",
        "2026-11-24T25:00:00Z",
        "20261124T100000Z",
        "1",
    ],
)
async def test_a_time_that_is_none_or_has_no_zone_is_refused(value: str) -> None:
    found = await refusals(put("maintenance_window", {"start": value, "end": "2026-11-25T10:00:00Z"}))
    assert found
    assert all(name == "schema.anyOf" or name == "schema.format" for name, _ in found)


@pytest.mark.parametrize("value", ["2026-11-24T10:00:00Z", "2026-11-24T10:00:00.123456+05:30"])
async def test_a_time_with_its_zone_is_taken(value: str) -> None:
    assert await refusals(put("maintenance_window", {"start": value, "end": "2026-11-25T10:00:00Z"})) == []


async def test_hostile_text_is_cut_short_in_the_reason() -> None:
    found = await refusals(put("environment", "<!channel> " * 1000))
    assert all(len(reason) <= 240 for _, reason in found)


async def test_a_plan_of_unreasonable_size_is_refused_before_it_is_validated() -> None:
    found = await refusals(put("evidence", ["x" * MAX_PLAN_BYTES]))
    assert [name for name, _ in found] == ["schema.too_large"]


async def test_many_mistakes_are_reported_up_to_a_bound() -> None:
    assert len(await refusals(put("asset_ids", [1] * 100))) == 20


def test_a_schema_with_a_format_nobody_checks_is_refused() -> None:
    with pytest.raises(ValueError, match="'moon-phase'"):
        strict_validator({"type": "object", "properties": {"when": {"type": "string", "format": "moon-phase"}}})


def test_formats_are_really_checked() -> None:
    validator = strict_validator({"properties": {"at": {"type": "string", "format": "date-time"}}})
    assert [keyword for keyword, _ in sentences(validator, {"at": "noon"})] == ["format"]


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_closes_its_objects_to_unknown_fields(name: str) -> None:
    schema = CONTRACTS[name].model_json_schema()
    definitions: list[JsonObject] = [schema, *schema["$defs"].values()]
    assert all(entry.get("additionalProperties") is False for entry in definitions if entry.get("type") == "object")


REQUIRED = [path for path in paths(make_plan().model_dump(mode="json")) if "." not in path]


@pytest.mark.parametrize(
    "path", sorted(set(REQUIRED) - {"kind", "simulation", "maintenance_window", "receipts", "resources"})
)
async def test_a_field_that_is_missing_is_refused(path: str) -> None:
    assert await refusals(drop(path))
