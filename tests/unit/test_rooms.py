from __future__ import annotations

import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
BY_HAND = {"benchmarks"}
"""Run by `make bench`, alone on a quiet machine."""


def test_every_room_with_tests_is_one_that_make_test_enters() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))
    entered = {Path(room).name for room in project["tool"]["pytest"]["ini_options"]["testpaths"]}
    rooms = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    assert entered == rooms - BY_HAND
