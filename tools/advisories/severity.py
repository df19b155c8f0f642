"""How bad an advisory is: computed from its CVSS vectors, never read off a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, cast

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from tools.contracts.advisory import RATINGS, Advisory, AffectedPackage, Rating, Score, Severity

MAX_VECTOR_CHARS = 400

CvssSystem = Literal["CVSS_V2", "CVSS_V3", "CVSS_V4"]


class UnreadableVector(ValueError):
    """Not a vector of its CVSS version."""


class _Vector(Protocol):
    """The part of the library's classes that is used here."""

    def scores(self) -> tuple[float | None, ...]: ...


_SYSTEMS = cast("dict[CvssSystem, Callable[[str], _Vector]]", {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4})


def score_of(system: CvssSystem, vector: str) -> Score:
    """The base score. Raises :class:`UnreadableVector`."""
    if len(vector) > MAX_VECTOR_CHARS or not vector.isascii():
        raise UnreadableVector(f"Not a {system} vector: {vector[:80]!r}.")
    try:
        base = _SYSTEMS[system](vector).scores()[0]
    except (CVSSError, ValueError, KeyError) as error:
        raise UnreadableVector(f"Not a {system} vector: {vector[:80]!r} ({error}).") from error
    if base is None:
        raise UnreadableVector(f"{vector[:80]!r} has no base score.")
    return Score(system=system, vector=vector, score=float(base), rating=rating_of(float(base)))


def rating_of(score: float) -> Rating:
    """CVSS's qualitative scale: low from 0.1, medium from 4.0, high from 7.0, critical from 9.0."""
    if score >= 9.0:
        return "critical"
    if score >= 7.0:
        return "high"
    if score >= 4.0:
        return "medium"
    return "low" if score > 0 else "none"


def severity_of(advisory: Advisory, affected: AffectedPackage | None = None) -> Severity:
    """The worst vector's; without any, the word its database uses; without that, unknown.

    A package's own vectors, where the advisory has them, go before the advisory's.
    """
    scores = (affected.scores if affected is not None else []) or advisory.scores
    if not scores and affected is None:
        scores = [score for package in advisory.affected for score in package.scores]
    if scores:
        worst = max(scores, key=lambda score: score.score)
        return Severity(rating=worst.rating, score=worst.score, basis=worst.vector)
    if advisory.given_rating is not None:
        return Severity(rating=advisory.given_rating, score=None, basis=f"as rated by {advisory.id}")
    return Severity(rating=None, score=None, basis="")


def at_least(rating: Rating | None, minimum: Rating) -> bool:
    """Whether a rating reaches the minimum. One that is unknown does: it may be the worst of all."""
    return rating is None or RATINGS.index(rating) >= RATINGS.index(minimum)


def worst_first(severity: Severity) -> tuple[float, int]:
    """A sort key. The unrated stand where the most severe do, for the same reason."""
    if severity.rating is None:
        return (-10.0, -len(RATINGS))
    return (
        -(severity.score if severity.score is not None else _FLOORS[severity.rating]),
        -RATINGS.index(severity.rating),
    )


_FLOORS: dict[Rating, float] = {"none": 0.0, "low": 0.1, "medium": 4.0, "high": 7.0, "critical": 9.0}
