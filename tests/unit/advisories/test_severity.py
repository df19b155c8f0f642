"""Severity is computed from vectors; expected scores are those the CVSS documents publish."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.advisories.severity import (
    CvssSystem,
    UnreadableVector,
    at_least,
    rating_of,
    score_of,
    severity_of,
    worst_first,
)
from tools.contracts.advisory import RATINGS, Advisory, AffectedPackage, Rating, Severity

CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H"


def advisory(*vectors: str, given_rating: Rating | None = None) -> Advisory:
    return Advisory(
        id="X-1",
        names=["X-1"],
        modified=datetime(2026, 1, 1, tzinfo=UTC),
        scores=[score_of("CVSS_V3", vector) for vector in vectors],
        given_rating=given_rating,
    )


@pytest.mark.parametrize(
    ("system", "vector", "score", "rating"),
    [
        ("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, "critical"),
        ("CVSS_V3", "CVSS:3.0/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, "medium"),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"),  # Log4Shell
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1, "high"),  # regreSSHion
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "high"),  # Heartbleed
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, "critical"),
        ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", 8.7, "high"),
    ],
)
def test_base_scores_are_the_published_ones(system: CvssSystem, vector: str, score: float, rating: Rating) -> None:
    found = score_of(system, vector)
    assert (found.score, found.rating) == (score, rating)


@pytest.mark.parametrize(
    ("system", "vector"),
    [
        ("CVSS_V3", ""),
        ("CVSS_V3", "7.5"),
        ("CVSS_V3", "CVSS:3.1/AV:N"),
        ("CVSS_V3", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
        ("CVSS_V4", CRITICAL),
        ("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:Z"),
        ("CVSS_V3", CRITICAL + "/" + "E:X/" * 300),
    ],
)
def test_what_is_no_vector_has_no_score(system: CvssSystem, vector: str) -> None:
    with pytest.raises(UnreadableVector):
        score_of(system, vector)


@given(st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4"]), st.text(alphabet="CVSS:3.140/AVNLPHRUIx", max_size=80))
def test_any_text_is_scored_or_refused(system: CvssSystem, vector: str) -> None:
    with contextlib.suppress(UnreadableVector):
        assert 0 <= score_of(system, vector).score <= 10


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        (0, "none"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (6.9, "medium"),
        (7.0, "high"),
        (8.9, "high"),
        (9.0, "critical"),
    ],
)
def test_the_scale_is_cvsss_own(score: float, rating: Rating) -> None:
    assert rating_of(score) == rating


def test_the_worst_vector_counts_and_is_named() -> None:
    found = severity_of(advisory(MEDIUM, CRITICAL, given_rating="low"))
    assert (found.rating, found.score, found.basis) == ("critical", 9.8, CRITICAL)


def test_a_packages_own_vectors_go_before_the_advisorys() -> None:
    package = AffectedPackage(ecosystem="npm", name="x", scores=[score_of("CVSS_V3", MEDIUM)])
    assert severity_of(advisory(CRITICAL), package).rating == "medium"
    bare = AffectedPackage(ecosystem="npm", name="x")
    assert severity_of(advisory(CRITICAL), bare).rating == "critical"


def test_a_word_is_a_rating_without_a_score_and_silence_is_unknown() -> None:
    assert severity_of(advisory(given_rating="high")) == Severity(rating="high", score=None, basis="as rated by X-1")
    assert severity_of(advisory()) == Severity(rating=None, score=None, basis="")


def test_the_unrated_pass_every_minimum_and_are_read_first() -> None:
    assert at_least(None, "critical")
    assert at_least("high", "high")
    assert not at_least("medium", "high")
    unrated = severity_of(advisory())
    assert sorted([severity_of(advisory(CRITICAL)), unrated], key=worst_first)[0] == unrated
    words = [severity_of(advisory(given_rating=rating)) for rating in RATINGS]
    assert sorted(words, key=worst_first) == words[::-1]
