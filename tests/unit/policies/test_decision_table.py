from __future__ import annotations

import dataclasses
import re

import pytest

from policies.bundle import Module, load_bundle
from policies.engine import PolicyEngine, PolicyUndefined
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.decision_rows import Row
from tests.unit.policies.decision_table import TABLE, UNDEFINED
from tests.unit.policies.documents import changed
from tools.contracts.common import JsonObject


def _ids(rows: tuple[Row, ...]) -> list[str]:
    return [f"{row.package}: {row.name}" for row in rows]


def _rules(decision: JsonObject) -> set[str]:
    return {entry["rule"] for entry in decision["deny"]}


@pytest.mark.parametrize("row", TABLE, ids=_ids(TABLE))
async def test_opa_and_regorus_decide_alike_and_as_the_table_says(
    row: Row, opa: PolicyEngine, regorus: RegorusEngine
) -> None:
    document = changed(row.package, row.change)
    by_opa = await opa.decide(row.package, document)
    by_regorus = await regorus.decide(row.package, document)
    assert by_opa == by_regorus
    assert _rules(by_opa) == row.rules
    assert by_opa["allow"] is (not row.rules)


@pytest.mark.parametrize("row", UNDEFINED, ids=_ids(UNDEFINED))
async def test_what_cannot_be_evaluated_is_no_decision_in_either_engine(
    row: Row, opa: PolicyEngine, regorus: RegorusEngine
) -> None:
    document = changed(row.package, row.change)
    for engine in (opa, regorus):
        with pytest.raises(PolicyUndefined):
            await engine.decide(row.package, document)


def test_every_rule_of_the_policies_refuses_in_some_row(regorus_rules: set[str]) -> None:
    shown = {rule for row in TABLE for rule in row.rules}
    assert regorus_rules - SHOWN_ELSEWHERE == shown


SHOWN_ELSEWHERE = {
    *("data.limits", "data.freezes", "data.autonomy", "data.images"),
    *("approval.no_roles", "approval.unknown_role", "execution.frozen", "execution.outside_change_window"),
}
"""Rules that refuse because of the data, not of the input: the Rego tests and the tests of settings show them."""

BLOCKS = [
    (module.id, block)
    for module in load_bundle().modules
    for block in module.text.split("\n\n")
    if re.search(r"^findings contains ", block, re.MULTILINE)
    if not any(f'"{rule}"' in block for rule in SHOWN_ELSEWHERE)
]


@pytest.mark.parametrize(("module_id", "block"), BLOCKS, ids=[re.findall(r'"([a-z_.]+)"', b)[0] for _, b in BLOCKS])
async def test_without_a_rule_some_row_of_the_table_is_decided_otherwise(module_id: str, block: str) -> None:
    shipped = load_bundle()
    modules = tuple(
        Module(module.id, module.text.replace(block, "")) if module.id == module_id else module
        for module in shipped.modules
    )
    engine = RegorusEngine(dataclasses.replace(shipped, modules=modules))
    rule = re.findall(r'"([a-z_.]+)"', block)[0]
    decided = [_rules(await engine.decide(row.package, changed(row.package, row.change))) for row in TABLE]
    assert any(found != row.rules and rule in row.rules for found, row in zip(decided, TABLE, strict=True))
