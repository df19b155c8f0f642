"""The one gate before every listener: OPA says who may, and the limits say how often."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

from bot.permits import words
from bot.permits.windows import Bound, Windows, WindowsHere
from bot.permits.wishes import ASK, JUDGED_BY_ITS_TASK, LETS_RUN, Request
from bot.roles import Address, RoleDirectory, RolesUnavailable
from policies.commands import Decides, Wish, refusals
from policies.engine import PolicyUnavailable
from tools.contracts.identity import Role

GATE_SECONDS = 1.2
"""Of the three in which Slack wants an answer, for all questions together: what is behind the gate needs the rest."""

TASK_GATE_SECONDS = 0.8
"""The same where the hand-over to Temporal, which may take two, comes after."""

_READ: ContextVar[tuple[str, tuple[Role, ...]] | None] = ContextVar("roles read for this request", default=None)


def roles_read(user: str) -> frozenset[Role] | None:
    """What the gate read of this person for what is being answered now. None: it needed no role."""
    known = _READ.get()
    return frozenset(known[1]) if known is not None and known[0] == user else None


@dataclass(frozen=True)
class RolesOnce:
    """Who holds which role, asked once for each thing that somebody sends: Slack allows twenty such questions a minute.

    Implements `bot.roles.RoleDirectory`. What the gate has read, the listeners behind it are told again.
    """

    inner: RoleDirectory

    async def read(self, user: str) -> list[Role]:
        """Now. Raises `RolesUnavailable`."""
        found = await self.inner.roles_of(user)
        _READ.set((user, tuple(found)))
        return found

    async def roles_of(self, user: str) -> list[Role]:
        """See `RoleDirectory`."""
        known = _READ.get()
        return [*known[1]] if known is not None and known[0] == user else await self.inner.roles_of(user)

    async def address_of(self, role: Role) -> Address:
        """See `RoleDirectory`."""
        return await self.inner.address_of(role)

    @staticmethod
    def forget() -> None:
        """Before each thing that is sent: what was read for an earlier one counts no more."""
        _READ.set(None)


@dataclass(frozen=True)
class RequestLimits:
    """How many requests are taken in. None: any number."""

    person: int | None = None
    channel: int | None = None
    window_seconds: int = 60

    def bounds(self, request: Request) -> list[Bound]:
        """Those that there are for it."""
        found: list[Bound] = []
        if self.person is not None and request.user:
            found.append(Bound("person", request.user, self.person))
        if self.channel is not None and request.channel:
            found.append(Bound("channel", request.channel, self.channel))
        return found


@dataclass(frozen=True)
class Gate:
    policies: Decides
    roles: RolesOnce
    limits: RequestLimits = field(default_factory=RequestLimits)
    windows: Windows = field(default_factory=WindowsHere)
    stricter: frozenset[str] = frozenset()
    """Orgs with policies of their own on who may do what."""

    async def refusal(self, request: Request, *, org: str) -> str | None:
        """Why not, for the person; None: they may, or their task judges it. What else cannot be asked refuses."""
        self.roles.forget()
        log = structlog.get_logger("gavel.permits").bind(org=org, user=request.user, command=request.command)
        wish, reading = Wish(org, request.user, request.command, request.surface), False
        reasons: list[str] = []
        by_task = request.command in JUDGED_BY_ITS_TASK and not (request.command in LETS_RUN and org in self.stricter)
        try:
            async with asyncio.timeout(TASK_GATE_SECONDS if by_task else GATE_SECONDS):
                reasons = await refusals(self.policies, wish, roles=None)
                # Roles are read only where the policies refuse without them: most commands need none.
                if reasons and request.user:
                    reading = True
                    held = await self.roles.read(request.user)
                    reading = False
                    reasons = await refusals(self.policies, wish, roles=held)
        except RolesUnavailable:
            return words.ROLES_AWAY
        except (PolicyUnavailable, TimeoutError) as error:
            if reading or reasons or not by_task:
                log.warning("Nobody said in time who may; it was refused.", roles=reading, error=type(error).__name__)
                return words.ROLES_AWAY if reading else words.POLICIES_AWAY
            log.warning(
                "OPA is away. The task asks it before it reads, offers or changes anything.", error=type(error).__name__
            )
        if reasons:
            log.info("The policies refused a command.", reasons=reasons)
            return words.refused(reasons)
        return await self._too_often(request, org) if request.command == ASK else None

    async def _too_often(self, request: Request, org: str) -> str | None:
        window, bounds = self.limits.window_seconds, self.limits.bounds(request)
        full = await self.windows.take(org, bounds, unique=request.unique, window_seconds=window) if bounds else None
        return None if full is None else words.too_often(full, window_seconds=window)
