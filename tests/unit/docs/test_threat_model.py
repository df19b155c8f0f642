"""The threat model names code that is there."""

from __future__ import annotations

import re

from tests.unit.docs.examples import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def test_every_defence_names_the_code_that_it_is() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 15
    for row in rows:
        code = re.findall(r"`([\w/.]+)`", row.rsplit("|", 2)[1])
        assert code, row
        for path in code:
            assert (ROOT / path).exists(), f"{path} is not there: {row}"


def test_it_says_what_is_not_defended() -> None:
    _, _, undefended = TEXT.partition("### What is not defended")
    assert undefended.count("\n- ") > 5
