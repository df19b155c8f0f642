"""The word is agreement, until outcomes that people confirmed make a probability of it."""

from __future__ import annotations

from bot.blocks.council import dissent_lines, verdict_line
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
