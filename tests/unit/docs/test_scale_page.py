"""The figures of docs/scale.md are what the arithmetic comes to; what it says of Slack is what the pacing keeps to."""

from __future__ import annotations

import pytest

from bot.pacing import METHOD_RATES
from tests.unit.docs.arithmetic import SLACK_A_MINUTE, Assumed, Task, tables
from tests.unit.docs.examples import ROOT

PAGE = ROOT / "docs" / "scale.md"


@pytest.mark.parametrize("number", range(len(tables(Task(), Assumed()))))
def test_a_table_of_the_page_is_what_follows_from_what_was_measured(number: int) -> None:
    rows = "\n".join(tables(Task(), Assumed())[number])
    assert rows in PAGE.read_text("utf-8"), f"docs/scale.md should have:\n{rows}"


def test_no_method_is_called_more_often_than_the_page_allows_it() -> None:
    paced = {method: rate.per_second * 60 for method, rate in METHOD_RATES.items() if method in SLACK_A_MINUTE}
    assert paced
    assert all(rate <= SLACK_A_MINUTE[method] for method, rate in paced.items())
