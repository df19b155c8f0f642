"""Voting is open exactly while the rest could change the outcome: against an oracle that tries everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.orchestrator.consensus import PhaseItem, stance_of, tally
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
    kinds = {"p1": "phase", "p2": "phase", "a1": "action", "c1": "claim"}
    pooled = [
        PooledClaim.model_validate(
            {
                "id": item,
                "text": item,
                "kind": kinds[item],
                "key": item,
                "authors": list(who),
                "restated_by": [name for name, claims in chamber.claims.items() if item in claims and name not in who],
            }
        )
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


@settings(max_examples=200, deadline=None)
@given(
    plans.map(lambda drawn: [[item for item in plan if item != "a1"][:1] for plan in drawn]),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.integers(0, 3),
    casts,
    st.sets(st.sampled_from(MEMBERS), max_size=1),
)
def test_a_tie_is_open_while_a_member_may_yet_stand_by_its_own_claims_or_not(
    proposed: list[list[str]], states: list[bool], author: int, cast: list[list[Stance] | None], failed: set[str]
) -> None:
    """`c1` is one member's words, and others' claim in other words: it counts for these by their ballot alone."""
    items = (*ITEMS[:2], "c1")
    chamber = chamber_of(["w", "x", "y", "z"], proposed, [100] * 4, min_providers=2)
    chamber = replace(
        chamber,
        authors={**chamber.authors, "c1": [MEMBERS[author]]},
        claims={
            name: ["c1"] for name, stated in zip(MEMBERS, states, strict=True) if stated or name == MEMBERS[author]
        },
    )
    votes: dict[str, dict[str, Stance]] = {}
    for name, vote in zip(MEMBERS, cast, strict=True):
        if vote is not None:
            ballot = dict(zip(items, vote, strict=True))
            votes[name] = {item: ballot[item] for item in chamber.authors}
    out = [name for name in MEMBERS if name not in votes and name not in failed][:2]
    assert ballotage(chamber).is_decided(sheets(votes), out) == chamber.settled(votes, out)


STANDS_BY: dict[str, tuple[dict[str, list[str]], list[Stance]]] = {
    "the rest may yet support what it said in other words": ({"c1": ["cedar"]}, ["support", "silent"]),
    "the rest may yet contradict its own words": ({"c1": ["elm"]}, ["silent", "support"]),
}
"""Who wrote the claim, and how cedar votes on the plans `p1` and `p2`."""


@pytest.mark.parametrize(("wrote", "cedar"), STANDS_BY.values(), ids=STANDS_BY.keys())
def test_a_tie_that_hangs_on_the_last_members_own_claim_is_open(
    wrote: dict[str, list[str]], cedar: list[Stance]
) -> None:
    chamber = replace(
        chamber_of(["w", "x", "y", "z"], [["p1"], [], [], ["p2"]], [150, 100, 100, 100], threshold=50),
        authors={"p1": ["ash"], "p2": ["elm"], **wrote},
        claims={"elm": ["c1"]},
    )
    yes: Stance = "support"
    votes: dict[str, dict[str, Stance]] = {name: {"p1": yes, "p2": yes, "c1": yes} for name in ("ash", "birch")}
    votes["cedar"] = {"p1": cedar[0], "p2": cedar[1], "c1": yes}
    assert not chamber.settled(votes, ["elm"])
    assert not ballotage(chamber).is_decided(sheets(votes), ["elm"])


def test_a_restated_claim_counts_for_its_member_only_with_its_own_ballot() -> None:
    chamber = replace(
        chamber_of(["w", "x", "y", "z"], [["p1"], ["p2"], [], []], [100] * 4),
        authors={"p1": ["ash"], "p2": ["birch"], "c1": ["elm"]},
        claims={"elm": ["c1"], "birch": ["c1"]},
    )
    council = ballotage(chamber)
    yes: Stance = "support"
    cases: list[tuple[Stance, str]] = [("support", "birch"), ("silent", "ash")]
    for stance, best in cases:
        votes: dict[str, dict[str, Stance]] = {name: dict.fromkeys(chamber.authors, yes) for name in MEMBERS}
        votes["birch"]["c1"] = stance
        rows = tally(council.pooled, sheets(votes), council.electorate, threshold=0.7, min_providers=3)
        assert all(row.carried for row in rows)
        assert council.standing.best(rows, council.electorate) == best


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
