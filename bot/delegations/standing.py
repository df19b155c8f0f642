"""In whose name a person may decide now: their own, or that of somebody who lent them a role."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.delegations.store import Delegations
from bot.roles import RoleDirectory
from bot.workflows.messages import Lent, Standing


async def standing_of(
    user: str, *, org: str, roles: RoleDirectory, delegations: Delegations, now: datetime
) -> Standing:
    """The person's own roles and those lent to them, all as they are now. There is no chain: what somebody was lent
    they cannot lend on. Raises `RolesUnavailable` and `LedgerUnavailable`.
    """
    own, lendings = await asyncio.gather(roles.roles_of(user), delegations.to(org, user, now=now))
    held = await asyncio.gather(*(roles.roles_of(lending.giver) for lending in lendings))
    return Standing(
        roles=[*own],
        lent=[
            Lent(giver=lending.giver, roles=[*theirs], until=lending.until.astimezone(UTC).isoformat())
            for lending, theirs in zip(lendings, held, strict=True)
        ],
    )
