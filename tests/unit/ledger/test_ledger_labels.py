"""What became of what councils carried: kept for each org, counted once, and turned into bounded weights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from bot.ledger.labels import Labels, claim_confirmed, plan_confirmed
from tests.unit.ledger.book import Book
from tools.contracts.common import Mode
from tools.contracts.council import ClaimTally, CouncilOutcome, PooledClaim

WHEN = datetime(2026, 11, 26, 12, tzinfo=UTC)


def row(item: str, *, against: tuple[str, ...] = (), kind: str = "phase", carried: bool = True) -> ClaimTally:
    members = ["Amber", "Birch", "Cedar", "Elm"]
    claim = PooledClaim.model_validate({"id": item, "text": item, "kind": kind, "key": item, "authors": ["Amber"]})
    return ClaimTally(
        claim=claim,
        support=[name for name in members if name not in against],
        contradict=list(against),
        silent=[],
        agreement=0.75,
        coverage=1.0,
        carried=carried,
        single_source=False,
    )


def outcome(*rows: ClaimTally, mode: Mode = "council", margin: float | None = 0.5) -> CouncilOutcome:
    return CouncilOutcome(
        mode=mode,
        requested_mode="council",
        members=[],
        nominal_votes=4,
        effective_votes=4,
        threshold=0.7,
        min_providers=3,
        tallies=list(rows),
        agreement=0.75,
        margin=margin,
        dissent=[],
        consensus=True,
    )


async def ended(
    labels: Labels, task: str, *, right: bool, org: str = "T1", against: tuple[str, ...] = ("Elm",)
) -> None:
    """One task, whose plan of two phases Elm was against."""
    confirmed = plan_confirmed(
        outcome(row("p1", against=against), row("p2")),
        org=org,
        task_id=task,
        agent="drift",
        revision=1,
        right=right,
        source="run",
    )
    assert confirmed is not None
    await labels.confirm(confirmed)


async def test_who_was_against_what_proved_right_weighs_less_and_never_less_than_half(book: Book) -> None:
    labels = Labels(book.database)
    for number in range(40):
        await ended(labels, f"task-{number}", right=True)
    learned = await labels.learned("T1", "drift")
    assert learned.reliability["Elm"] == Fraction(1, 2)
    assert all(Fraction(1) < learned.reliability[name] <= Fraction(3, 2) for name in ("Amber", "Birch", "Cedar"))


async def test_little_is_learned_from_one_outcome_and_it_counts_once(book: Book) -> None:
    labels = Labels(book.database)
    for _ in range(5):
        await ended(labels, "task-1", right=True)  # the activity was retried
    learned = await labels.learned("T1", "drift")
    assert Fraction(3, 4) < learned.reliability["Elm"] < 1
    assert (await book.sql("SELECT count(*) FROM council_votes"))[0][0] == 4


async def test_the_last_word_on_a_plan_counts(book: Book) -> None:
    labels = Labels(book.database)
    await ended(labels, "task-1", right=True)
    await ended(labels, "task-1", right=False)
    learned = await labels.learned("T1", "drift")
    assert learned.reliability["Elm"] > learned.reliability["Amber"]


async def test_another_org_and_another_agent_learn_nothing_from_it(book: Book) -> None:
    labels = Labels(book.database)
    for number in range(30):
        await ended(labels, f"task-{number}", right=True)
    assert (await labels.learned("T2", "drift")).reliability == {}
    assert (await labels.learned("T1", "patch")).reliability == {}


async def test_members_that_are_always_wrong_together_share_a_vote(book: Book) -> None:
    labels = Labels(book.database)
    for number in range(40):
        await ended(labels, f"task-{number}", right=True, against=("Cedar", "Elm"))
    learned = await labels.learned("T1", "drift")
    assert learned.alike == (frozenset({"Cedar", "Elm"}),)
    electorate = learned.electorate({"Amber": "a", "Birch": "b", "Cedar": "c", "Elm": "e"})
    assert electorate.effective(electorate.families) == 3


async def test_confidence_comes_only_with_labels_of_both_kinds(book: Book) -> None:
    clock = [WHEN]
    labels = Labels(book.database, now=lambda: clock[0])
    for number in range(60):
        clock[0] += timedelta(minutes=1)
        await ended(labels, f"task-{number}", right=number % 3 > 0)
        if number == 20:
            assert (await labels.learned("T1", "drift")).calibrator is None
    calibrator = (await labels.learned("T1", "drift")).calibrator
    assert calibrator is not None
    assert calibrator.report.labels == 60
    assert calibrator.curve(0.5) == pytest.approx(2 / 3, abs=0.05)


async def test_a_person_may_say_of_one_claim_that_it_was_wrong(book: Book) -> None:
    labels = Labels(book.database)
    claim = row("c1", kind="claim", against=("Elm",), carried=False)
    await labels.confirm(claim_confirmed(claim, org="T1", task_id="task-1", agent="drift", right=False))
    learned = await labels.learned("T1", "drift")
    assert learned.reliability["Elm"] > learned.reliability["Amber"]


def test_what_no_council_carried_teaches_nothing() -> None:
    for council in (
        outcome(row("p1"), mode="single"),
        outcome(row("p1", carried=False)),
        outcome(row("c1", kind="claim")),
    ):
        assert not plan_confirmed(council, org="T1", task_id="t", agent="drift", revision=1, right=True, source="run")
