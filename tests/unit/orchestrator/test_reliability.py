from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from agents.orchestrator.consensus import tally
from agents.orchestrator.electorate import LEAST_RELIABILITY, MOST_RELIABILITY
from agents.orchestrator.reliability import Learned, Verdict, learn, surely_above
from tools.contracts.council import Ballot, PooledClaim, Stance, VoteSheet

FAMILIES = {"Ash": "a", "Birch": "b", "Cedar": "c", "Elm": "d"}


def verdicts(member: str, right: Sequence[bool]) -> list[Verdict]:
    return [Verdict(f"i{number}", member, was) for number, was in enumerate(right)]


records = st.lists(
    st.builds(Verdict, st.sampled_from([f"i{n}" for n in range(9)]), st.sampled_from(list(FAMILIES)), st.booleans())
)


@given(records, st.sampled_from(list(FAMILIES)), st.sampled_from([0.5, 0.6, 0.7]))
def test_whatever_was_learned_one_member_alone_carries_nothing(
    history: list[Verdict], liar: str, threshold: float
) -> None:
    """A poisoned record included: the liar's own, the others', or both."""
    electorate = learn(history).electorate(FAMILIES)
    for rest in itertools.product(("contradict", "silent"), repeat=3):
        others: dict[str, Stance] = dict(zip((name for name in FAMILIES if name != liar), rest, strict=True))
        stances: dict[str, Stance] = {**others, liar: "support"}
        sheets = {name: VoteSheet(ballots=[Ballot(claim_id="c1", stance=stance)]) for name, stance in stances.items()}
        claim = PooledClaim(id="c1", text="t", kind="claim", key="k", authors=[liar])
        [row] = tally([claim], sheets, electorate, threshold=threshold, min_providers=2)
        assert not row.carried


@given(records)
def test_weights_stay_within_their_bounds(history: list[Verdict]) -> None:
    assert all(LEAST_RELIABILITY <= factor <= MOST_RELIABILITY for factor in learn(history).reliability.values())


def test_without_outcomes_everyone_is_worth_one_vote() -> None:
    assert learn([]) == Learned()
    assert set(learn([]).electorate(FAMILIES).weights.values()) == {Fraction(1)}


def test_the_better_record_weighs_more_and_the_longer_one_weighs_surer() -> None:
    good, bad = [True] * 95 + [False] * 5, [True] * 70 + [False] * 30
    learned = learn([*verdicts("Ash", good), *verdicts("Birch", bad), *verdicts("Cedar", bad[:1])])
    assert learned.reliability["Ash"] > 1 > learned.reliability["Birch"]
    assert abs(learned.reliability["Cedar"] - 1) < abs(learned.reliability["Birch"] - 1)


def test_errors_in_common_make_one_voice_and_errors_apart_do_not() -> None:
    wrong_together = [number % 4 > 0 for number in range(100)]
    wrong_apart = [number % 4 > 0 for number in range(1, 101)]
    history = [*verdicts("Ash", wrong_together), *verdicts("Birch", wrong_together), *verdicts("Cedar", wrong_apart)]
    learned = learn(history)
    assert learned.alike == (frozenset({"Ash", "Birch"}),)
    assert learned.electorate(FAMILIES).effective(FAMILIES) == 3
    assert learned.electorate(FAMILIES).shares["Ash"] == Fraction(1, 2)


def test_a_few_errors_in_common_are_no_proof() -> None:
    together = [False] * 8 + [True] * 90
    assert learn([*verdicts("Ash", together), *verdicts("Birch", together)]).alike == ()


def test_duplicates_take_their_whole_families_with_them() -> None:
    electorate = Learned(alike=[frozenset({"Ash", "Cedar"})]).electorate({**FAMILIES, "Acorn": "a"})
    assert electorate.effective(electorate.families) == 3
    assert electorate.effective(["Acorn", "Ash", "Cedar"]) == 1


def test_wilsons_lower_bound() -> None:
    """Values of R's `binom::binom.wilson`."""
    assert surely_above(0, 0) == 0
    assert abs(surely_above(16, 16) - 0.8064) < 0.0005
    assert abs(surely_above(8, 10) - 0.4902) < 0.0005
