"""The threat model names code that is there, and the tests that hold it."""

from __future__ import annotations

import re

from tests.unit.docs.examples import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def _paths(cell: str) -> list[str]:
    return re.findall(r"`([\w/.]+)`", cell)


def test_every_defence_names_the_code_that_it_is_and_the_tests_that_hold_it() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 15
    for row in rows:
        _, _, _, code, held, _ = row.split("|")
        for path in (*_paths(code), *_paths(held)):
            assert (ROOT / path).is_file(), f"{path} is not there: {row}"
        assert _paths(code), row
        assert _paths(held), row
        for path in _paths(held):
            assert re.fullmatch(r"tests/.+/test_\w+\.py|tests/test_\w+\.py", path), f"{path} is no tests: {row}"


def test_it_says_what_is_not_defended() -> None:
    _, _, undefended = TEXT.partition("### What is not defended")
    assert undefended.count("\n- ") > 5
