"""What a form may change of a task: how fast and which of the plan's assets not. Never what else it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.editing import edited
from tests.unit.blocks import samples
from tools.contracts.edit import Edit, EditProblem
from tools.contracts.taskspec import TaskSpec

SPEC = samples.spec()
ASSETS = [f"web-{number}" for number in range(10)]
EDIT = Edit(
    org=SPEC.org,
    task_id=SPEC.id,
    revision=1,
    plan_digest="",
    policy_digest="",
    target="",
    nonce="n",
    expires_at="",
    user="UGRACE",
    channel="C1",
)


def test_only_what_is_named_changes() -> None:
    after = edited(SPEC, replace(EDIT, wait_seconds=900), assets=ASSETS)
    assert isinstance(after, TaskSpec)
    assert after.constraints == SPEC.constraints.model_copy(update={"wait_seconds": 900})
    assert after.model_copy(update={"constraints": SPEC.constraints}) == SPEC


def test_leaving_assets_out_names_the_rest_and_nothing_else() -> None:
    after = edited(SPEC, replace(EDIT, without=["web-3"]), assets=ASSETS)
    assert isinstance(after, TaskSpec)
    assert after.context.asset_ids == [name for name in ASSETS if name != "web-3"]
    assert after.context.model_copy(update={"asset_ids": SPEC.context.asset_ids}) == SPEC.context


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (EDIT, "nothing_changed"),
        (replace(EDIT, without=["web-10"]), "not_in_plan"),
        (replace(EDIT, without=ASSETS), "nothing_left"),
        (replace(EDIT, canary_size=0), "out_of_bounds"),
        (replace(EDIT, canary_size=11), "out_of_bounds"),
        (replace(EDIT, canary_size=10, without=["web-1"]), "out_of_bounds"),
        (replace(EDIT, max_batch_percent=0.0), "out_of_bounds"),
        (replace(EDIT, max_batch_percent=100.5), "out_of_bounds"),
        (replace(EDIT, max_batch_percent=float("nan")), "out_of_bounds"),
        (replace(EDIT, wait_seconds=-1), "out_of_bounds"),
        (replace(EDIT, wait_seconds=7 * 86400 + 1), "out_of_bounds"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(edit: Edit, problem: EditProblem) -> None:
    assert edited(SPEC, edit, assets=ASSETS) == problem


def test_more_assets_than_a_task_can_name_are_not_left_out_by_a_form() -> None:
    many = [f"web-{number}" for number in range(1002)]
    assert edited(SPEC, replace(EDIT, without=["web-0"]), assets=many) == "out_of_bounds"


@given(
    st.lists(st.sampled_from([*ASSETS, "db-1", ""]), max_size=12),
    st.none() | st.integers(-2, 20),
    st.none() | st.floats(),
    st.none() | st.integers(-5, 10**6),
)
def test_a_task_never_becomes_wider(
    without: list[str], canary: int | None, percent: float | None, wait: int | None
) -> None:
    edit = replace(EDIT, without=without, canary_size=canary, max_batch_percent=percent, wait_seconds=wait)
    after = edited(SPEC, edit, assets=ASSETS)
    if isinstance(after, str):
        return
    assert set(after.context.asset_ids) <= set(ASSETS)
    assert (after.environment, after.org, after.user, after.user_intent) == (
        SPEC.environment,
        SPEC.org,
        SPEC.user,
        SPEC.user_intent,
    )
    assert TaskSpec.model_validate(after.model_dump()) == after
