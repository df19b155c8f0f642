"""Who is asked first: as configured, as pinned, as measured; and now and then another, within a bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.routing import Route, RoutingRules, Track, route

CLAUDE, AZURE, GEMINI = (
    Member(name=name, model=f"x/{name}", family=name) for name in ("Claude", "Azure OpenAI", "Gemini")
)
THREE = (CLAUDE, AZURE, GEMINI)
GOOD = Track(calls=200, failed=2, cost_usd=0.02, judged=50, right=48)
NEVER = RoutingRules(explore=0)


def names(found: Route) -> list[str]:
    return [member.name for member in found.members]


def test_what_was_hardly_measured_changes_nothing() -> None:
    tracks = {"Claude": replace(GOOD, calls=19), "Gemini": replace(GOOD, cost_usd=0.001)}
    found = route(THREE, tracks, NEVER, job="reason", agent="drift")
    assert names(found) == ["Claude", "Azure OpenAI", "Gemini"]
    assert found.why.startswith("As configured: fewer than 20 calls")


def test_the_more_successful_is_asked_first_whatever_it_costs() -> None:
    tracks = {"Claude": replace(GOOD, right=30, cost_usd=0.001), "Azure OpenAI": GOOD}
    found = route(THREE, tracks, NEVER, job="reason", agent="drift")
    assert names(found) == ["Azure OpenAI", "Claude", "Gemini"]
    assert found.why == "Measured over 200 calls: success 93%, $0.0200 a call."


def test_of_those_that_are_as_good_the_cheapest_and_an_unknown_cost_is_not_cheap() -> None:
    tracks = {"Claude": GOOD, "Azure OpenAI": replace(GOOD, cost_usd=0.001), "Gemini": replace(GOOD, cost_usd=None)}
    assert names(route(THREE, tracks, NEVER, job="reason"))[0] == "Azure OpenAI"
    tracks["Azure OpenAI"] = replace(GOOD, cost_usd=None)
    assert names(route(THREE, tracks, NEVER, job="reason"))[0] == "Claude"


def test_failed_calls_count_as_wrong_answers_do() -> None:
    tracks = {"Claude": replace(GOOD, failed=60), "Azure OpenAI": GOOD}
    assert names(route(THREE, tracks, NEVER, job="reason"))[0] == "Azure OpenAI"


def test_a_pin_counts_before_everything_and_the_agents_before_the_jobs() -> None:
    tracks = {"Claude": GOOD, "Azure OpenAI": replace(GOOD, cost_usd=0.001)}
    rules = RoutingRules(explore=0.1, pins={"reason": "Claude", "drift": "Gemini"})
    assert {names(route(THREE, tracks, rules, job="reason", task_id=f"t{n}"))[0] for n in range(200)} == {"Claude"}
    found = route(THREE, tracks, rules, job="reason", agent="drift")
    assert (names(found)[0], found.why) == ("Gemini", "Gemini is pinned (routing.pins).")
    gone = RoutingRules(explore=0, pins={"reason": "Nobody"})
    assert names(route(THREE, tracks, gone, job="reason"))[0] == "Azure OpenAI"


def test_learning_can_be_off() -> None:
    tracks = {"Claude": GOOD, "Azure OpenAI": replace(GOOD, cost_usd=0.001)}
    rules = RoutingRules(learn=False, explore=0.1)
    assert {names(route(THREE, tracks, rules, job="reason", task_id=f"t{n}"))[0] for n in range(200)} == {"Claude"}


def test_a_bounded_share_of_the_tasks_explores_and_a_retry_agrees() -> None:
    tracks = {"Claude": GOOD}
    rules = RoutingRules(explore=0.1)
    found = [route(THREE, tracks, rules, job="reason", agent="drift", task_id=f"task-{n}") for n in range(4000)]
    explored = [one for one in found if one.explored]
    assert 0.085 < len(explored) / len(found) < 0.115
    assert {one.members[0].name for one in explored} == {"Azure OpenAI", "Gemini"}
    assert all(len(one.members) == 3 for one in explored)
    again = [route(THREE, tracks, rules, job="reason", agent="drift", task_id=f"task-{n}") for n in range(4000)]
    assert again == found
    assert route(THREE, tracks, rules, job="reason").explored is False


def test_no_more_than_a_tenth_may_explore() -> None:
    with pytest.raises(ValueError, match="At most 10%"):
        RoutingRules(explore=0.11)


def test_a_model_that_never_answered_is_not_tried() -> None:
    tracks = {"Claude": GOOD, "Gemini": Track(calls=5, failed=5)}
    rules = RoutingRules(explore=0.1)
    found = [route(THREE, tracks, rules, job="reason", task_id=f"task-{n}") for n in range(1000)]
    assert {one.members[0].name for one in found} == {"Claude", "Azure OpenAI"}


def test_alone_there_is_no_choice() -> None:
    assert route([CLAUDE], {}, RoutingRules(), job="parse", task_id="t").members == (CLAUDE,)
