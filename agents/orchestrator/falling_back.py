"""What the thread is told when one model takes another's place."""

from __future__ import annotations

from collections.abc import Mapping

from agents.orchestrator.breaking import NotAsked
from agents.orchestrator.chat import Member, ModelError, ModelErrorKind

_BECAUSE: Mapping[ModelErrorKind, str] = {
    "timeout": "no answer in time",
    "rate_limited": "rate limited",
    "auth": "its key was refused",
    "unavailable": "it could not be reached",
    "bad_response": "its answer could not be used",
    "too_long": "too much to read, or to say",
}


def because(error: ModelError) -> str:
    """A few words; what the provider said in full is in the request log."""
    if isinstance(error, NotAsked):
        return error.because
    return _BECAUSE.get(error.kind, "")


def takes_over(failed: Member, error: ModelError, following: Member) -> str:
    """`Claude did not answer (rate limited); Azure OpenAI answers instead.`"""
    if error.kind == "unable":
        return f"{error} {following.name} answers instead."
    return f"{failed.name} did not answer ({because(error)}); {following.name} answers instead."
