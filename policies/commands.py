"""Whether a person may give a command (`ql.ai.commands`): one question, before anything is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from policies.engine import PolicyUndefined, is_object
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

PACKAGE = "ql.ai.commands"

Surface = Literal["button", "command", "event", "form", "shortcut", "terminal"]
"""How it came."""


class NotPermitted(Exception):
    """The message is for the person. Nothing was done."""


class Decides(Protocol):
    """The part of a :class:`policies.engine.PolicyEngine` used here."""

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject: ...


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do, as the surface that authenticated them received it."""

    org: str
    user: str
    """A Slack user id, or `terminal:` and a login name."""
    command: str
    """As the policy's table has it, e.g. `freeze.declare`."""
    surface: Surface


async def refusals(engine: Decides, wish: Wish, *, roles: Sequence[Role] | None) -> list[str]:
    """Why not, in clauses for the person; empty: they may. `roles` None: they were not read.

    What is no decision refuses. Raises `PolicyUnavailable` where nobody could be asked.
    """
    document: JsonObject = {
        "caller": {"org": wish.org, "user": wish.user, "roles": None if roles is None else [*roles]},
        "command": wish.command,
        "surface": wish.surface,
    }
    try:
        decision = await engine.decide(PACKAGE, document)
    except PolicyUndefined:
        return ["the policies do not say who may"]
    reasons = sorted({str(entry.get("reason")) for entry in decision["deny"] if is_object(entry)})
    return [] if decision["allow"] is True and not decision["deny"] else reasons or ["the policies do not allow it"]
