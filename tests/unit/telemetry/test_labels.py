"""Labels of metrics are few and plain, whatever is written where they come from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.labels import OTHER, Bounded, one_of


def test_the_first_names_are_themselves_and_stay_so() -> None:
    bounded = Bounded(2)
    assert [bounded(name) for name in ("plan.a", "plan.b", "plan.c", "plan.a")] == ["plan.a", "plan.b", OTHER, "plan.a"]


def test_what_is_no_plain_name_takes_no_place() -> None:
    bounded = Bounded(1)
    for hostile in ("", "a b", 'x",y="', "é", "x" * 81, "a\nb", None):
        assert bounded(hostile) in {OTHER, "None"}
    assert Bounded(1)("openai/gpt-6.1") == "openai/gpt-6.1"


@given(st.lists(st.text(), max_size=300))
def test_there_are_never_more_than_its_bound_and_other(names: list[str]) -> None:
    bounded = Bounded(5)
    assert len({bounded(name) for name in names} - {OTHER}) <= 5


def test_a_name_that_nobody_knows_is_other() -> None:
    assert [one_of(value, ("a", "b")) for value in ("a", "c", None, 1)] == ["a", OTHER, OTHER, OTHER]
