"""Who may have an alert looked into that was left out, or goes along with another."""

from __future__ import annotations

from collections.abc import Collection

from tools.contracts.identity import Role

ASKERS: frozenset[Role] = frozenset({"operator", "approver", "admin"})

ASKERS_IN_WORDS = "operator, approver or admin"


def may_ask(roles: Collection[Role]) -> bool:
    return not ASKERS.isdisjoint(roles)
