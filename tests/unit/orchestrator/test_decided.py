"""Voting is open exactly while the rest could change the outcome: against an oracle that tries everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.orchestrator.consensus import PhaseItem, stance_of
from agents.orchestrator.decided import Ballotage
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.standing import Standing
from tests.unit.orchestrator.oracle import STANCES, Chamber
from tests.unit.orchestrator.parts import report
from tools.contracts.council import Ballot, PooledClaim, Stance, VoteSheet

MEMBERS: tuple[str, ...] = ("ash", "birch", "cedar", "elm")
ITEMS: tuple[str, ...] = ("p1", "p2", "a1")

stances: st.SearchStrategy[Stance] = st.sampled_from(["support", "contradict", "silent"])
families = st.lists(st.sampled_from(["w", "x", "y", "z"]), min_size=3, max_size=4)
plans = st.lists(st.lists(st.sampled_from(ITEMS), max_size=2, unique=True), min_size=4, max_size=4)
records = st.lists(st.sampled_from([50, 100, 150]), min_size=4, max_size=4)
casts = st.lists(st.one_of(st.none(), st.lists(stances, min_size=3, max_size=3)), min_size=4, max_size=4)
"""None: has not voted. Whether it failed or is out is drawn apart."""


def ballotage(chamber: Chamber) -> Ballotage:
    kinds = {"p1": "phase", "p2": "phase", "a1": "action"}
    pooled = [
        PooledClaim.model_validate({"id": item, "text": item, "kind": kinds[item], "key": item, "authors": list(who)})
        for item, who in chamber.authors.items()
    ]
    items = {
        name: [PhaseItem(key=item, text=item, kind="action" if item == "a1" else "phase") for item in plan]
        for name, plan in chamber.plans.items()
    }
    electorate = Electorate(
        chamber.families, {name: Fraction(percent, 100) for name, percent in chamber.percent.items()}
    )
    standing = Standing({name: report() for name in chamber.families}, items)
    return Ballotage(pooled, standing, electorate, chamber.threshold_percent / 100, chamber.min_providers)


def sheets(votes: Mapping[str, Mapping[str, Stance]]) -> dict[str, VoteSheet]:
    return {
        name: VoteSheet(ballots=[Ballot(claim_id=item, stance=stance) for item, stance in cast.items()])
        for name, cast in votes.items()
    }


def chamber_of(
    kin: Sequence[str],
    proposed: Sequence[Sequence[str]],
    record: Sequence[int],
    *,
    threshold: int = 70,
    min_providers: int = 3,
) -> Chamber:
    members = MEMBERS[: len(kin)]
    own = dict(zip(members, proposed, strict=False))
    authors = {item: [name for name in members if item in own[name]] for item in ITEMS}
    return Chamber(
        families=dict(zip(members, kin, strict=True)),
        authors={item: who for item, who in authors.items() if who},
        plans=own,
        percent=dict(zip(members, record, strict=False)),
        threshold_percent=threshold,
        min_providers=min_providers,
    )


@settings(max_examples=300, deadline=None)
@given(families, plans, records, casts, st.sets(st.sampled_from(MEMBERS)), st.sampled_from([50, 70, 75]))
def test_waiting_ends_at_the_very_vote_that_settles_it(
    kin: list[str],
    proposed: list[list[str]],
    record: list[int],
    cast: list[list[Stance] | None],
    failed: set[str],
    threshold: int,
) -> None:
    chamber = chamber_of(kin, proposed, record, threshold=threshold, min_providers=2)
    votes: dict[str, dict[str, Stance]] = {}
    for name, vote in zip(chamber.families, cast, strict=False):
        if vote is not None:
            ballot = dict(zip(ITEMS, vote, strict=True))
            votes[name] = {item: ballot[item] for item in chamber.authors}
    silent = [name for name in chamber.families if name not in votes and name not in failed]
    out = silent[:2] if len(chamber.authors) > 2 else silent[:3]  # the oracle tries 28 ways for each who is out
    council, cast_so_far = ballotage(chamber), sheets(votes)
    decided = council.is_decided(cast_so_far, out)
    assert decided == chamber.settled(votes, out)
    assert (decided and council.is_heard(cast_so_far, out)) == chamber.settled(votes, out, quorum=True)


def test_a_failed_vote_is_silence_and_keeps_nobody_waiting() -> None:
    """Two of five failed, two support: even against the last the claim has three to one, once the third supports."""
    chamber = chamber_of(["w", "x", "y", "z"], [["p1"]] * 4, [100] * 4)
    votes: dict[str, dict[str, Stance]] = {name: {"p1": "support"} for name in MEMBERS[:3]}
    assert ballotage(chamber).is_decided(sheets(votes), ["elm"])
    two = {name: votes[name] for name in MEMBERS[:2]}
    assert not ballotage(chamber).is_decided(sheets(two), ["cedar", "elm"])


def test_the_oracle_and_the_council_read_a_ballot_alike() -> None:
    chamber = chamber_of(["w", "x", "y"], [["p1"], [], []], [100] * 3)
    [item] = ballotage(chamber).pooled
    for stance in STANCES:
        mine = Ballot.model_validate({"claim_id": "p1", "stance": stance})
        assert stance_of("ash", item, VoteSheet(ballots=[mine])) == (
            "contradict" if stance == "contradict" else "support"
        )
