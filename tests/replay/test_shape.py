"""What Temporal is given is what is recorded for its shape: the gate for changes that an older worker must not meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.workflows.shape import SHAPE
from tests.replay.shape import SHAPES, Fingerprints, fingerprints, of_this_build, recorded


@dataclass(frozen=True)
class Asked:
    """What a step is asked."""

    name: str


def _fields(**annotations: Any) -> type:
    """Another `Asked`."""
    return dataclass(frozen=True)(type("Asked", (), {"__annotations__": annotations}))


def _of(asked: type) -> Fingerprints:
    return fingerprints([("step ask", [list[asked], str]), ("step tell", [int])])


def test_this_build_is_of_the_shape_that_is_recorded() -> None:
    known, found = recorded(), of_this_build()
    assert known is not None, f"Nothing is recorded for shape {SHAPE}: run `make record`."
    changed = sorted(name for name in known.keys() | found.keys() if known.get(name) != found.get(name))
    assert changed == [], (
        f"A worker of shape {SHAPE} knows these otherwise, or not at all: raise SHAPE (bot/workflows/shape.py) by one, "
        "then `make record`. Until the first tag `make record` will do."
    )


def test_of_each_shape_there_was_it_is_recorded() -> None:
    assert {file.name for file in SHAPES.iterdir()} == {f"{shape}.json" for shape in range(1, SHAPE + 1)}


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        (_fields(name=str, why=str), {"message Asked"}),
        (_fields(), {"message Asked"}),
        (_fields(name=int), {"message Asked"}),
        (_fields(name=str), set[str]()),
    ],
    ids=["a field more", "a field less", "of another type", "the same in other words"],
)
def test_a_message_that_an_older_worker_would_misread_has_another_fingerprint(asked: type, changed: set[str]) -> None:
    known, found = _of(Asked), _of(asked)
    assert {name for name in known if known[name] != found[name]} == changed


def test_a_step_that_takes_something_else_or_is_new_has_another_fingerprint() -> None:
    known = fingerprints([("step ask", [Asked])])
    assert fingerprints([("step ask", [Asked, int])])["step ask"] != known["step ask"]
    assert fingerprints([("step ask", [Asked]), ("step tell", [Asked])]).keys() - known.keys() == {"step tell"}


def test_everything_that_tasks_and_alerts_are_told_is_in_it() -> None:
    found = of_this_build()
    assert {
        "step judge",
        "step run_phase",
        "signal decide of gavel-task",
        "query task_state of gavel-task",
    } <= found.keys()
    # What is carried on into the next run of a task, and what people have decided.
    assert {"workflow gavel-task", "message Carried", "message Decision"} <= found.keys()
