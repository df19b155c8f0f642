"""A plan is no bolder than a person asked for."""

from __future__ import annotations

import dataclasses
import json

import pytest

from policies.checks import (
    asked,
)
from policies.safety import CHECKS
from tests.unit.policies.documents import Change
from tests.unit.policies.plans import (
    make_context,
    make_plan,
)
from tests.unit.policies.refusing import refused, same
from tools.contracts.common import JsonObject
from tools.contracts.taskspec import Constraints


async def asking(**constraints: float) -> set[str]:
    """Of the good plan: a canary of 2, a pause of 60 s, waves of 6 of 30, when a person asked for this."""
    spec = make_context().spec.model_copy(update={"constraints": Constraints.model_validate(constraints)})
    plan = make_plan()
    context = dataclasses.replace(make_context(plan=plan), spec=spec)
    with_it = await refused(same, context=context)
    others = tuple(check for check in CHECKS if check is not asked.as_careful_as_asked)
    assert await refused(same, context=context, checks=others) == set()
    return with_it


def phases(*order: int, **changed: JsonObject) -> Change:
    """The good plan's phases in another order, or again. `changed`: `at_0={"type": "wave"}` changes the first."""

    def change(plan: JsonObject) -> None:
        old = plan["phases"]
        plan["phases"] = [json.loads(json.dumps(old[number])) for number in order]
        for name, fields in changed.items():
            plan["phases"][int(name.removeprefix("at_"))].update(fields)

    return change


async def test_a_plan_that_is_bolder_than_a_person_asked_for_is_refused_by_this_check_alone() -> None:
    assert await asking(max_batch_percent=19.9) == {"batch_asked"}
    assert await asking(canary_size=1) == {"canary_asked"}
    assert await asking(wait_seconds=61) == {"wait_asked"}
    assert await asking(max_batch_percent=3, canary_size=1, wait_seconds=600) == {
        "batch_asked",
        "canary_asked",
        "wait_asked",
    }


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
