"""How the rehearsal models read wishes and refusals, in wordings they have not met."""

from __future__ import annotations

import pytest

from bot.local.rehearsal.conversation import Json
from bot.local.rehearsal.limits import constraints_in, within_refusals

ASKED: Json = {"max_batch_percent": 50.0, "canary_size": 8, "wait_seconds": 0}


@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        (
            "plan.batch_too_large: batch 50% exceeds the 20% limit in production: phase 'Wave 1 of 2' changes 15 of 30 "
            "assets, at most 6 are allowed",
            {"max_batch_percent": 20.0, "canary_size": 6},
        ),
        ("batch_limit: No more than 12.5 percent in one wave.", {"max_batch_percent": 12.5, "canary_size": 3}),
        (
            "plan.canary_too_large: canary 'Canary: 8 of 30' changes 8 of 30 assets (26.67%): at most 5 assets or 10% "
            "are allowed in production",
            {"canary_size": 3},
        ),
        (
            "plan.no_canary_wait: production needs a wait phase of at least 30 s between the canary and the rest",
            {"wait_seconds": 30},
        ),
        ("safety.pause_too_short: Found 0 s after the canary; 120 seconds are needed.", {"wait_seconds": 120}),
        ("plan.not_simulated: production needs a simulation and the plan has none", {}),
    ],
)
def test_a_proposal_is_moved_to_the_limit_a_refusal_states(refusal: str, changed: Json) -> None:
    assert within_refusals(ASKED, [refusal], assets=30) == {**ASKED, **changed}


def test_a_limit_never_widens_what_was_proposed() -> None:
    careful: Json = {"max_batch_percent": 5.0, "canary_size": 1, "wait_seconds": 600}
    refusals = ["plan.batch_too_large: 50% exceeds 20%", "plan.no_canary_wait: at least 30 s"]
    assert within_refusals(careful, refusals, assets=30) == careful


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("in waves of 25 percent", {"max_batch_percent": 25.0}),
        ("a third at a time", {"max_batch_percent": 33.0}),
        ("everything in one go please", {"max_batch_percent": 100.0}),
        ("je 20 prozent pro welle", {"max_batch_percent": 20.0}),
        ("0% at a time", {}),
        ("error rate is at 7 %", {}),
        ("canary size 4, bake for 1 hour", {"canary_size": 4, "wait_seconds": 3600}),
        ("warte 30 sekunden", {"wait_seconds": 30}),
        ("we have waited for weeks", {}),
    ],
)
def test_wishes_are_read_from_plain_words(text: str, asked: Json) -> None:
    assert constraints_in(text) == asked
