"""On whose behalf a task does what it does."""

from __future__ import annotations

from bot.budgets.limits import ALERT_USER
from bot.roles import RoleDirectory
from bot.workflows.messages import TaskRequest
from tools.contracts.identity import Caller


async def caller_of(request: TaskRequest, *, roles: RoleDirectory) -> Caller:
    """The person who asked, or had an alert looked into, with the roles they hold now. An alert by itself holds none.

    Raises `RolesUnavailable`.
    """
    alerted = request.source == "alert"
    nobody = alerted and request.user.startswith(ALERT_USER)
    held = [] if nobody else await roles.roles_of(request.user)
    return Caller(org=request.org, user=request.user, roles=held, channel=request.channel, alerted=alerted)
