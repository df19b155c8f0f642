"""A workbench for each tenant: the same gates, models and records, and the tenant's own Slack.

A worker's steps are at a bench that belongs to nobody and can say nothing anywhere. Before each step the tenant is read
from what the step is given, and the step is done at that tenant's bench instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from agents.meta_prompt import MetaPrompt
from bot.app import NOBODY, Identity, who_are_we
from bot.modes.defaults import mode_defaults
from bot.narrator.live import Narrator
from bot.pacing import Pacer
from bot.roles import Address, RoleDirectory
from bot.settings import Settings
from bot.telemetry.metrics import Metrics
from bot.tenants.client import NotInstalled
from bot.tenants.installed_roles import roles_of_tenant
from bot.tenants.office import Tenants
from bot.thread import ThreadWriter
from bot.workflows.messages import TaskRequest, TaskState
from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.workbench import Workbench
from tools.contracts.identity import Role


class OrgUnknown(Exception):
    """A step was given nothing that says whose it is."""


def org_in(message: object) -> str:
    """Whose a step is: by the task's request, which the edge signed, before anything else. Raises OrgUnknown."""
    state = getattr(message, "state", None)
    request = state.request if isinstance(state, TaskState) else getattr(message, "request", None)
    entry = getattr(message, "entry", None)
    said_by = next((each for each in (request, entry) if isinstance(each, TaskRequest | AlertEntry)), message)
    named = getattr(said_by, "org", None)
    if not isinstance(named, str) or not named:
        raise OrgUnknown(f"{type(message).__name__} does not say whose it is.")
    return named


@dataclass(frozen=True)
class TenantRoles:
    """As user groups or the configuration say; in a workspace that removed the app nobody holds a role any more."""

    of_slack: RoleDirectory
    when_gone: tuple[Role, ...] = ()
    """What everybody holds there instead."""

    async def roles_of(self, user: str) -> list[Role]:
        """See `RoleDirectory`."""
        try:
            return await self.of_slack.roles_of(user)
        except NotInstalled:
            return [*self.when_gone]

    async def address_of(self, role: Role) -> Address:
        """See `RoleDirectory`."""
        try:
            return await self.of_slack.address_of(role)
        except NotInstalled:
            return Address()


UNDOING: tuple[str, tuple[Role, ...]] = "roll_back", ("operator",)
"""The step that puts back what an approved plan has changed, and by which role in a workspace that is gone: each phase
ran only while whoever asked held a role that may, and half a change is not left standing because roles went.
It runs the rollback that was approved with the plan, of what is on record as begun, and nothing else."""

Step = Callable[..., Any]
"""An activity, at a bench."""


@dataclass
class TenantBenches:
    """Of one worker. `steps_at`: every step at a bench, by its name."""

    settings: Settings
    tenants: Tenants
    nobodys: Workbench
    metrics: Metrics
    steps_at: Callable[[Workbench], Mapping[str, Step]]
    prepare: Callable[[str], Awaitable[None]]
    """Told a tenant before its first step here: what is drawn for each of them is drawn."""
    _steps: dict[str, tuple[float, Mapping[str, Step]]] = field(
        default_factory=dict[str, "tuple[float, Mapping[str, Step]]"], init=False, repr=False
    )
    """Tenant → when it installed the app, and the steps at its bench."""
    _begun: dict[str, tuple[float, asyncio.Task[Mapping[str, Step]]]] = field(
        default_factory=dict[str, "tuple[float, asyncio.Task[Mapping[str, Step]]]"], init=False, repr=False
    )
    """Tenant → the same of a bench that is being set up."""

    async def steps_of(self, org: str) -> Mapping[str, Step]:
        """Raises `NoToken`, and what Slack's client does. Of a tenant that is gone: those that it had, or nobody's.

        A bench is set up once for all who wait for it. Who is cancelled ends nothing: the next try finds it further on,
        even where setting it up takes longer than a step may.
        """
        try:
            bot = await self.tenants.tokens.bot(org)
        except NotInstalled:
            # What is left of its tasks comes to its end: it is written down, and can be said to nobody.
            made = self._steps.get(org)
            return made[1] if made is not None else self._steps_at(self._bench(org, NOBODY, None))
        made = self._steps.get(org)
        if made is not None and made[0] == bot.installed_at:
            return made[1]
        return await asyncio.shield(self._setting_up(org, bot.installed_at))

    async def writer_of(self, org: str) -> ThreadWriter:
        """Who speaks in a tenant's workspace, apart from its steps. Raises `NoToken`, and what Slack's client does."""
        client = self.tenants.client(org)
        identity = await who_are_we(client)
        return ThreadWriter(client, bot_id=identity.bot, pacer=Pacer(metrics=self.metrics.slack))

    def _setting_up(self, org: str, installed_at: float) -> asyncio.Task[Mapping[str, Step]]:
        begun = self._begun.get(org)
        if begun is None or begun[0] != installed_at:
            task = asyncio.create_task(self._set_up(org), name=f"set up the bench of {org}")
            begun = self._begun[org] = (installed_at, task)
            task.add_done_callback(partial(self._set_up_is_over, org, installed_at))
        return begun[1]

    async def _set_up(self, org: str) -> Mapping[str, Step]:
        await self.prepare(org)
        client = self.tenants.client(org)
        identity = await who_are_we(client)
        return self._steps_at(self._bench(org, identity, await self._modes(org, wide=identity.wide)))

    def _set_up_is_over(self, org: str, installed_at: float, task: asyncio.Task[Mapping[str, Step]]) -> None:
        failed = task.cancelled() or task.exception() is not None  # who waits for it is told; then it is begun anew
        if org in self._begun and self._begun[org][1] is task:  # else it was installed anew since
            del self._begun[org]
            if not failed:
                self._steps[org] = (installed_at, task.result())

    def _steps_at(self, bench: Workbench) -> Mapping[str, Step]:
        undoing, roles = UNDOING
        usual = replace(bench, roles=TenantRoles(bench.roles))
        for_that = replace(bench, roles=TenantRoles(bench.roles, when_gone=roles))
        return {**self.steps_at(usual), undoing: self.steps_at(for_that)[undoing]}

    async def _modes(self, org: str, *, wide: bool) -> MetaPrompt:
        # Slack lists an enterprise's channels only one workspace at a time: there they are named by id.
        modes = await mode_defaults(self.settings, None if wide else self.tenants.client(org))
        return replace(self.nobodys.meta_prompt, modes=modes)

    def _bench(self, org: str, identity: Identity, meta_prompt: MetaPrompt | None) -> Workbench:
        client = self.tenants.client(org)
        writer = ThreadWriter(client, bot_id=identity.bot, pacer=Pacer(metrics=self.metrics.slack))
        files = self.nobodys.files
        fetcher = replace(files.fetcher, token=partial(self.tenants.tokens.token, org))
        return replace(
            self.nobodys,
            writer=writer,
            narrator=Narrator(writer, include_dissent=self.settings.council.include_dissent),
            files=replace(files, web=writer.web, fetcher=fetcher),
            meta_prompt=meta_prompt or self.nobodys.meta_prompt,
            roles=roles_of_tenant(self.settings, self.tenants, org),
            team=identity.team,
        )
