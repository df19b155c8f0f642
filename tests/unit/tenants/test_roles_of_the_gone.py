"""In a workspace that removed the app nobody holds a role; what is away is not taken for that."""

from __future__ import annotations

import pytest

from bot.roles import Address, RolesUnavailable
from bot.tenants.benches import UNDOING, TenantRoles
from bot.tenants.client import NotInstalled
from tools.contracts.identity import Role


class Gone:
    async def roles_of(self, user: str) -> list[Role]:
        raise NotInstalled(user)

    async def address_of(self, role: Role) -> Address:
        raise NotInstalled(role)


class Away:
    async def roles_of(self, user: str) -> list[Role]:
        raise RolesUnavailable(user)

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(role)


class There:
    async def roles_of(self, user: str) -> list[Role]:
        return ["viewer"] if user == "U1" else []

    async def address_of(self, role: Role) -> Address:
        return Address(group="S1")


async def test_nobody_holds_a_role_where_the_app_is_gone() -> None:
    roles = TenantRoles(Gone())
    assert await roles.roles_of("U1") == []
    assert await roles.address_of("approver") == Address()


async def test_what_puts_back_has_a_role_only_there() -> None:
    step, held = UNDOING
    assert (step, held) == ("roll_back", ("operator",))
    assert await TenantRoles(Gone(), when_gone=held).roles_of("U1") == ["operator"]
    assert await TenantRoles(There(), when_gone=held).roles_of("U1") == ["viewer"]
    assert await TenantRoles(There(), when_gone=held).roles_of("U2") == []


async def test_slack_that_is_away_is_waited_for() -> None:
    with pytest.raises(RolesUnavailable):
        await TenantRoles(Away(), when_gone=("operator",)).roles_of("U1")
