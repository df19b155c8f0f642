"""Opens the stack: what is configured is used as it is, and an embedded part is started for each that is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agents.orchestrator.chat import Member
from bot.keys import Keys, load_keys
from bot.local import servers
from bot.local.datadir import DataDirectory, Whereabouts
from bot.local.errors import StackError
from bot.local.models import configured_members
from bot.local.opening import Opening
from bot.local.parts import PARTS, Part, PartName, configured_part, local_slack, placed
from bot.local.ports import Ports
from bot.local.processes import Processes
from bot.local.rehearsal.members import rehearsal_members
from bot.local.slack.seed import TEAM_ID
from bot.probes import NoAnswer, ask_slack
from bot.settings import Settings, SettingsError


@dataclass(frozen=True)
class RunningStack:
    """Everything the bot and the workers need to know about where they run."""

    settings: Settings
    """As configured, with the addresses and tokens of the embedded parts filled in. `opa.url` None: in-process."""
    org: str
    """The tenant. Where workspaces install the app: the one that is named by `GAVEL_ORG`, or empty."""
    keys: Keys = field(repr=False)
    members: tuple[Member, ...] = field(repr=False)
    """The models that answer, the preferred first. Rehearsal models say so (`Member.simulated`)."""
    estate: Path
    """The sample estate's file."""
    parts: tuple[Part, ...]
    """One for each part that was wanted, in the order of :data:`bot.local.parts.PARTS`."""
    processes: Processes
    """The embedded servers, by part name. `halt` and `resume` make an outage. Empty for an attached stack."""

    @property
    def simulated(self) -> bool:
        """Whether rehearsal models answer."""
        return any(member.simulated for member in self.members)

    @property
    def temporal_address(self) -> str:
        if self.settings.temporal.address is None:
            raise StackError("This stack was opened without Temporal.")
        return self.settings.temporal.address

    @property
    def redis_url(self) -> str:
        if self.settings.redis.url is None:
            raise StackError("This stack was opened without Redis.")
        return self.settings.redis.url.get_secret_value()

    def part(self, name: PartName) -> Part:
        """Raises KeyError for a part that was not wanted."""
        return {part.name: part for part in self.parts}[name]


@asynccontextmanager
async def open_stack(
    settings: Settings, *, want: Collection[PartName] = PARTS, members: Sequence[Member] | None = None
) -> AsyncGenerator[RunningStack]:
    """Start what is not configured, all at once, and end it on leaving. `members`: who answers, whatever is configured.

    Raises :class:`StackError` or `SettingsError` with a sentence when a part does not come up; nothing is left
    running then. Run the event loop in the main thread: on Linux the children die with the thread that made them.
    """
    keys = await asyncio.to_thread(load_keys, settings)
    directory = DataDirectory(settings.data_dir)
    if members is None:
        members = await configured_members(settings.llm, os.environ) if "llm" in want else []
    org = await organization(settings)
    given: dict[PartName, Part] = {
        name: part for name in PARTS if name in want and (part := _given(settings, name, members)) is not None
    }
    missing: list[PartName] = [name for name in PARTS if name in want and name not in given]
    async with AsyncExitStack() as exits:
        if missing:
            exits.enter_context(directory.claimed())
        processes = Processes()
        if "redis" in missing:
            exits.callback(servers.forget_redis_socket, directory)
        exits.push_async_callback(processes.stop)
        opening = Opening(
            settings=settings, directory=directory, processes=processes, ports=Ports(directory.ports), org=org
        )
        await opening.open(missing)
        parts = {**given, **opening.parts}
        running = RunningStack(
            settings=opening.settings,
            org=org,
            keys=keys,
            members=tuple(members if "llm" not in opening.parts else rehearsal_members(opening.parts["llm"].address)),
            estate=_estate_file(settings),
            parts=tuple(parts[name] for name in PARTS if name in parts),
            processes=processes,
        )
        if missing:
            note = Whereabouts(
                pid=os.getpid(), org=org, embedded={name: part.address for name, part in opening.parts.items()}
            )
            await asyncio.to_thread(directory.remember, note)
        yield running


async def attach_stack(settings: Settings) -> RunningStack:
    """The stack that another process (`gavel up`) runs in the same data directory, for `gavel worker` beside it.

    Starts nothing. Raises :class:`StackError` when a part is neither configured nor running there.
    """
    keys = await asyncio.to_thread(load_keys, settings)
    directory = DataDirectory(settings.data_dir)
    note = await asyncio.to_thread(directory.remembered)
    if note is None or not await asyncio.to_thread(directory.is_claimed):
        raise StackError(
            f"No gavel runs in {settings.data_dir} whose embedded parts could be shared. Nothing was started; run "
            "`gavel up` first, or configure the servers (TEMPORAL_ADDRESS and the others)."
        )
    members = await configured_members(settings.llm, os.environ)
    given = {name: part for name in PARTS if (part := _given(settings, name, members)) is not None}
    resolved, parts = settings, list[Part]()
    for name in PARTS:
        if name in given:
            parts.append(given[name])
            continue
        if name not in note.embedded:
            raise StackError(
                f"The gavel in {settings.data_dir} (process {note.pid}) uses a configured {name}, which is not "
                "configured here. Nothing was started; give this process the same configuration."
            )
        address = note.embedded[name]
        parts.append(Part(name, embedded=True, address=address, detail=f"shared by process {note.pid}"))
        if name == "slack":
            access = await asyncio.to_thread(local_slack, settings, directory, address)
            resolved = resolved.model_copy(update={"slack": access})
        elif name == "llm":
            members = rehearsal_members(address)
        elif address:
            resolved = placed(resolved, name, address)
    return RunningStack(
        settings=resolved,
        org=(settings.org or "") if settings.slack.distributed else note.org,
        keys=keys,
        members=tuple(members),
        estate=_estate_file(settings),
        parts=tuple(parts),
        processes=Processes(),
    )


@asynccontextmanager
async def open_or_attach(settings: Settings) -> AsyncGenerator[RunningStack]:
    """For one more worker: the stack that runs in the data directory, else one on the configured servers."""
    beside = await asyncio.to_thread(DataDirectory(settings.data_dir).is_claimed)
    if beside or settings.temporal.address is None:
        yield await attach_stack(settings)
        return
    async with open_stack(settings) as running:
        yield running


async def organization(settings: Settings) -> str:
    """The tenant: as configured, else the Slack team the bot's token belongs to, else the embedded workspace's.

    Empty: there are as many as install the app, and none is named.
    """
    if settings.org is not None:
        return settings.org
    if settings.slack.distributed:
        return ""
    if not settings.slack.configured:
        return TEAM_ID
    try:
        team = (await ask_slack(settings.slack)).team_id
    except NoAnswer as error:
        raise StackError(
            f"Slack at {settings.slack.api_url} did not say whose token SLACK_BOT_TOKEN is ({error}). Nothing was "
            "started; check the token and the network with `gavel doctor`, or set GAVEL_ORG."
        ) from error
    if not team:
        raise SettingsError(["SLACK_BOT_TOKEN belongs to no single workspace; set GAVEL_ORG to name the tenant"])
    return team


def _given(settings: Settings, name: PartName, members: Sequence[Member]) -> Part | None:
    if name == "llm" and members:
        models = ", ".join(f"{member.name} ({member.model})" for member in members)
        return Part("llm", embedded=False, address="", detail=models)
    return configured_part(settings, name)


def _estate_file(settings: Settings) -> Path:
    return settings.data_dir / "estate.db"
