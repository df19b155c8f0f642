"""Pooling and counting, by properties and by the cases the documents name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.orchestrator.consensus import PhaseItem, pool_claims, tally
from agents.orchestrator.electorate import Electorate
from agents.orchestrator.standing import Standing
from tests.unit.orchestrator.parts import report
from tools.contracts.council import Ballot, ClaimTally, PooledClaim, Stance, VoteSheet

STANCES: tuple[Stance, ...] = ("support", "contradict", "silent")


def pooled_claim(*authors: str, number: int = 1) -> PooledClaim:
    return PooledClaim(id=f"c{number}", text="t", kind="claim", key=f"k{number}", authors=list(authors))


def sheet(*stances: Stance, claim_id: str = "c1", reason: str = "") -> VoteSheet:
    return VoteSheet(ballots=[Ballot(claim_id=claim_id, stance=stance, reason=reason) for stance in stances])


def count(
    sheets: Mapping[str, VoteSheet],
    *,
    families: Mapping[str, str] | None = None,
    authors: Sequence[str] = (),
    threshold: float = 0.7,
) -> ClaimTally:
    electorate = Electorate(families or {name: name for name in sheets})
    [row] = tally([pooled_claim(*authors)], sheets, electorate, threshold=threshold, min_providers=3)
    return row


def spread(*, support: int, contradict: int = 0, silent: int = 0) -> dict[str, VoteSheet]:
    counts: tuple[tuple[Stance, int], ...] = (("support", support), ("contradict", contradict), ("silent", silent))
    sheets = [sheet(stance) for stance, times in counts for _ in range(times)]
    return {f"m{number}": cast for number, cast in enumerate(sheets)}


@pytest.mark.parametrize(
    ("support", "contradict", "silent", "carried"),
    [
        (3, 0, 0, True),
        (2, 1, 0, False),  # 2/3 is not above 0.7
        (7, 3, 0, False),  # exactly 0.7 is not above 0.7
        (3, 1, 0, True),
        (2, 0, 1, True),  # silence is not disagreement
        (2, 0, 2, False),  # half the votes is not coverage
        (1, 0, 2, False),
        (0, 3, 0, False),
        (0, 0, 3, False),
    ],
)
def test_a_claim_carries_only_above_the_threshold(support: int, contradict: int, silent: int, *, carried: bool) -> None:
    assert count(spread(support=support, contradict=contradict, silent=silent)).carried is carried


def test_agreement_and_coverage_are_counted_apart() -> None:
    row = count(spread(support=2, contradict=1, silent=1))
    assert row.agreement == pytest.approx(2 / 3)
    assert row.coverage == 0.75


def test_no_stance_is_no_agreement_rather_than_zero() -> None:
    assert count(spread(support=0, silent=3)).agreement is None


def test_one_supporter_is_single_source_and_never_carries() -> None:
    row = count(spread(support=1, silent=2))
    assert (row.single_source, row.agreement, row.carried) == (True, 1.0, False)


def test_one_family_is_one_source_however_many_members_it_has() -> None:
    families = {"m0": "x", "m1": "X ", "m2": "y", "m3": "z"}
    row = count(spread(support=2, silent=2), families=families)
    assert row.single_source
    assert not row.carried


def test_a_family_shares_one_vote() -> None:
    families = {"m0": "x", "m1": "x", "m2": "x", "m3": "y", "m4": "z"}
    row = count(spread(support=3, contradict=2), families=families)
    assert row.agreement == pytest.approx(1 / 3)
    assert Electorate(families).weights["m0"] == Fraction(1, 3)
    assert Electorate(families).effective(families) == 3


def test_less_than_two_whole_supporters_do_not_carry() -> None:
    """One member of a split family and one other: 1.5 votes to 0.5 is 75 % at good coverage, and not enough."""
    families = {"m0": "x", "m1": "y", "m2": "x", "m3": "z"}
    row = count(spread(support=2, contradict=1, silent=1), families=families)
    assert (row.agreement, row.coverage) == (0.75, pytest.approx(2 / 3))
    assert not row.carried


def test_nothing_carries_when_too_few_families_voted() -> None:
    families = {"m0": "x", "m1": "y", "m2": "z"}
    assert not count(spread(support=2), families=families, authors=["m2"]).carried
    assert count(spread(support=3), families=families).carried


def test_authors_support_their_claim_unless_their_own_ballot_contradicts() -> None:
    sheets = {"a": VoteSheet(ballots=[]), "b": sheet("contradict", reason="recounted"), "c": sheet("silent")}
    row = count(sheets, authors=["a", "b", "c"])
    assert (row.support, row.contradict, row.reasons) == (["a", "c"], ["b"], {"b": "recounted"})


def test_ballots_that_contradict_one_another_are_silence_even_from_the_author() -> None:
    sheets = {
        "a": sheet("support", "contradict"),
        "b": sheet("contradict", "support"),
        "c": sheet("support", "support"),
    }
    row = count(sheets, authors=["a"])
    assert (row.silent, row.support) == (["a", "b"], ["c"])


def test_strangers_and_unknown_claims_are_ignored() -> None:
    honest = spread(support=2, contradict=1)
    noisy = {
        **honest,
        "stranger": sheet("support"),
        "m0": VoteSheet(ballots=[*honest["m0"].ballots, Ballot(claim_id="c99", stance="support")]),
    }
    families = {name: name for name in honest}
    assert count(noisy, families=families) == count(honest, families=families)


def test_equal_claims_and_phases_are_pooled_once_with_all_their_authors() -> None:
    phases = {"a": [PhaseItem("k", "canary")], "b": [PhaseItem("k", "the canary"), PhaseItem("j", "wave")]}
    pooled = pool_claims({"a": report("23", "24"), "b": report("1,000", "+23")}, phases, seed="s")
    claims = {item.text.rpartition(" ")[2]: item.authors for item in pooled if item.kind == "claim"}
    assert claims == {"23": ["a", "b"], "24": ["a"], "1,000": ["b"]}
    assert sorted(item.id for item in pooled) == ["c1", "c2", "c3", "p1", "p2"]
    assert {item.key: item.authors for item in pooled if item.kind == "phase"} == {"k": ["a", "b"], "j": ["b"]}


def test_the_order_in_which_answers_arrive_changes_nothing_and_the_seed_shuffles() -> None:
    reports = {"a": report(*"12345"), "b": report(*"67890")}
    backwards = dict(reversed(list(reports.items())))
    assert pool_claims(reports, {}, seed="s") == pool_claims(backwards, {}, seed="s")
    orders = {tuple(item.text for item in pool_claims(reports, {}, seed=str(seed))) for seed in range(20)}
    assert len(orders) > 10


names = st.sampled_from(["a", "b", "c", "d", "e"])
ballots = st.lists(
    st.builds(Ballot, claim_id=st.sampled_from(["c1", "c2", "zz"]), stance=st.sampled_from(STANCES)), max_size=4
)
all_sheets = st.dictionaries(names, st.builds(VoteSheet, ballots=ballots))
electorates = st.dictionaries(names, st.sampled_from(["x", "y", "z", "w"])).map(Electorate)
pools = st.tuples(st.lists(names, unique=True), st.lists(names, unique=True)).map(
    lambda authors: [pooled_claim(*authors[0], number=1), pooled_claim(*authors[1], number=2)]
)
thresholds = st.sampled_from([0.5, 0.6, 0.7, 0.75, 0.9])


@given(pools, all_sheets, electorates, thresholds)
def test_every_count_keeps_the_rules(
    pooled: list[PooledClaim], sheets: dict[str, VoteSheet], electorate: Electorate, threshold: float
) -> None:
    weights = electorate.weights
    assert sum(weights.values(), Fraction(0)) == electorate.effective(electorate.families)
    for row in tally(pooled, sheets, electorate, threshold=threshold, min_providers=3):
        assert sorted([*row.support, *row.contradict, *row.silent]) == sorted(electorate.families)
        assert 0 <= row.coverage <= 1
        assert (row.agreement is None) == (not row.support and not row.contradict)
        assert set(row.reasons) == set(row.contradict)
        if row.carried:
            assert sum(weights[name] for name in row.support) >= 2
            assert row.agreement is not None
            assert row.agreement > threshold
            assert row.coverage > 0.5
            assert electorate.effective(sheets) >= 3
            assert not row.single_source


@given(pools, all_sheets, electorates, names)
def test_one_member_alone_never_carries_a_claim(
    pooled: list[PooledClaim], sheets: dict[str, VoteSheet], electorate: Electorate, liar: str
) -> None:
    """Prompt injection in one member cannot pass the threshold: without its vote the claim still has support."""
    for row in tally(pooled, sheets, electorate, threshold=0.7, min_providers=3):
        if row.carried:
            assert set(row.support) - {liar}


@given(pools, all_sheets, electorates)
def test_one_more_supporter_never_hurts(
    pooled: list[PooledClaim], sheets: dict[str, VoteSheet], electorate: Electorate
) -> None:
    before = tally(pooled, sheets, electorate, threshold=0.7, min_providers=3)
    for name in electorate.families:
        converted = {**sheets, name: VoteSheet(ballots=[Ballot(claim_id=c.id, stance="support") for c in pooled])}
        after = tally(pooled, converted, electorate, threshold=0.7, min_providers=3)
        assert all(now.carried for then, now in zip(before, after, strict=True) if then.carried)


def test_a_record_weighs_in_agreement_and_never_in_the_number_of_supporters() -> None:
    """The best proved member with the worst proved against it: a share of the agreement, not a second voice."""
    families = {"m0": "x", "m1": "y", "m2": "z"}
    best, worst = Fraction(3, 2), Fraction(1, 2)
    alone = Electorate(families, {"m0": best, "m1": worst, "m2": worst})
    [row] = tally([pooled_claim()], spread(support=1, contradict=2), alone, threshold=0.5, min_providers=3)
    assert row.agreement == 0.6
    assert not row.carried, "one member, however good its record, carries nothing"
    [row] = tally([pooled_claim()], spread(support=1, silent=2), alone, threshold=0.7, min_providers=3)
    assert not row.carried
    doubted = Electorate(families, {"m0": best, "m1": best, "m2": worst})
    [row] = tally([pooled_claim()], spread(support=2, contradict=1), doubted, threshold=0.7, min_providers=3)
    assert (row.effective_support, row.effective_contradict, row.carried) == (3.0, 0.5, True)


@pytest.mark.parametrize("factor", [Fraction(0), Fraction(49, 100), Fraction(151, 100)])
def test_a_weight_out_of_bounds_is_refused(factor: Fraction) -> None:
    with pytest.raises(ValueError, match=r"from 0\.5 to 1\.5"):
        Electorate({"m0": "x"}, {"m0": factor})


def test_who_speaks_against_it_says_what_would_settle_it() -> None:
    doubt = Ballot(claim_id="c1", stance="contradict", reason="Not in the log.", settled_by="The log of web-3.")
    sheets = {**spread(support=3), "m3": VoteSheet(ballots=[doubt])}
    row = count(sheets)
    assert (row.reasons, row.settled_by) == ({"m3": "Not in the log."}, {"m3": "The log of web-3."})


def test_a_plan_stands_only_with_each_of_its_actions() -> None:
    """Votes are per phase and per action: a wave that carries, with a call in it that does not, is another wave."""
    wave = PhaseItem("wave", "Wave: web-1 to 2.0")
    restart = PhaseItem("restart", "Action of the wave phase: restart on [web-1]", kind="action")
    phases = {"a": [wave, restart], "b": [wave], "c": [wave]}
    reports = {name: report() for name in phases}
    pooled = pool_claims(reports, phases, seed="s")
    assert {item.id[0]: item.text for item in pooled if item.kind in ("phase", "action")} == {
        "p": wave.text,
        "a": restart.text,
    }
    doubt = VoteSheet(ballots=[Ballot(claim_id="a1", stance="contradict")])
    sheets = {"a": VoteSheet(ballots=[]), "b": doubt, "c": doubt}
    electorate = Electorate({name: name for name in phases})
    rows = tally(pooled, sheets, electorate, threshold=0.7, min_providers=3)
    standing = Standing(reports, phases)
    assert standing.carried(rows) == ["b", "c"]
    assert standing.best(rows, electorate) == "b"
