"""The word is agreement, until outcomes that people confirmed make a probability of it."""

from __future__ import annotations

from bot.blocks.council import absent_lines, dissent_lines, verdict_line
from bot.blocks.words import sentence
from tests.unit.blocks import samples
from tests.unit.ledger.test_ledger_labels import outcome, row
from tools.contracts.council import CalibrationReport, Dissent

CARRIED = outcome(row("p1"))


def test_without_labels_there_is_agreement_and_no_confidence() -> None:
    said = verdict_line(CARRIED)
    assert "75% agreement" in said.replace(" %", "%")
    assert "onfidence" not in said


def test_with_labels_the_confidence_says_what_it_rests_on_and_how_far_such_figures_were_off() -> None:
    report = CalibrationReport(method="platt", labels=120, brier=0.11, ece=0.03, auroc=0.8)
    said = verdict_line(CARRIED.model_copy(update={"confidence": 0.9, "calibration": report})).replace(" %", "%")
    assert said.endswith("Confidence 90%, from 120 known outcomes here; such figures were off by 3% on average.")


def test_a_dispute_says_what_would_settle_it() -> None:
    doubt = Dissent(member="Elm", claim_id="c1", claim="x is 1", reason="Not shown.", settled_by="The log of web-3.")
    [line] = dissent_lines([doubt])
    assert line.endswith("Not shown. Would settle it: The log of web-3.")


def test_a_vote_that_was_not_heard_is_told_with_what_it_asks_for() -> None:
    offer = samples.offer()
    first, *rest = offer.council.members
    stopped = [first.model_copy(update={"state": "cancelled"}), *rest]
    unheard = offer.council.model_copy(update={"members": stopped, "unheard": [first.name]})
    told = "Its vote might have been against, so approval takes at least two people."
    [line] = absent_lines(unheard, approved=True)
    assert line.endswith(told)
    assert told not in str(absent_lines(unheard)), "nobody approves a report"
    assert told not in str(absent_lines(unheard.model_copy(update={"opposed": 1}), approved=True))


def test_a_dissent_reads_as_sentences_however_its_words_end() -> None:
    [line] = dissent_lines(
        [Dissent(member="Ash", claim_id="c1", claim="It is the cause", reason="No", settled_by="Logs")]
    )
    assert line.endswith("No. Would settle it: Logs")
    assert [sentence(text) for text in ("The cause.", "Why?", "a, b;", "", " It is ", "a &gt;")] == [
        "The cause.",
        "Why?",
        "a, b.",
        "",
        " It is.",
        "a &gt;.",
    ]
