"""Which subcommands of `/gavel` need a role. In doubt nobody has one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.blocks.message import Message, sentence
from bot.blocks.words import either
from bot.roles import RoleDirectory, RolesUnavailable
from tools.contracts.identity import Role

ROLES_SECONDS = 2.0
"""Of the three in which Slack wants an answer."""

_ANY: frozenset[Role] = frozenset({"viewer", "operator", "approver", "admin"})

NEEDED: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "tasks": _ANY,
        "task": _ANY,
        "approvals": _ANY,
        "policy": _ANY,
        "freeze": _ANY,
        "doctor": frozenset({"operator", "approver", "admin"}),
    }
)
"""The others ask for themselves: a task's gates look at who asked, `mode` and `keys` at who may set them, `usage` at
whose it shows."""


@dataclass(frozen=True)
class CommandRoles:
    roles: RoleDirectory

    async def refusal(self, user: str, verb: str) -> Message | None:
        """Why this person may not; None: they may."""
        needed = NEEDED.get(verb)
        if needed is None:
            return None
        try:
            async with asyncio.timeout(ROLES_SECONDS):
                held = await self.roles.roles_of(user)
        except (RolesUnavailable, TimeoutError):
            return sentence("Slack did not say which roles you have, so nothing was done. Try again.")
        if needed.isdisjoint(held):
            who = either([f"*{role}*" for role in sorted(needed)])
            return sentence(f"`/gavel {verb}` needs the role {who}, and you hold none of them. Nothing was done.")
        return None
