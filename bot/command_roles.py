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

ROLES_SECONDS = 1.2
"""Of the three in which Slack wants an answer: the desk needs some of them."""

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

    async def held(self, user: str, verb: str) -> frozenset[Role] | Message:
        """The roles of a person who may; else why they may not. `verb`: one of :data:`NEEDED`."""
        needed = NEEDED[verb]
        try:
            async with asyncio.timeout(ROLES_SECONDS):
                held = frozenset(await self.roles.roles_of(user))
        except (RolesUnavailable, TimeoutError):
            return sentence("Slack did not say which roles you have, so nothing was done. Try again.")
        if needed.isdisjoint(held):
            who = either([f"*{role}*" for role in sorted(needed)])
            return sentence(f"`/gavel {verb}` needs the role {who}, and you hold none of them. Nothing was done.")
        return held
