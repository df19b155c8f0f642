"""What the activities work with. Built once for each worker, in `bot/runtime.py`, and handed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.follow_up import FollowUps
from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import Member
from agents.orchestrator.escalation import Escalation, Spending, Unlimited
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import Specialist
from bot.attachments.receiving import FileDesk
from bot.delegations.store import Delegations
from bot.ledger.labels import Labels
from bot.ledger.ledger import Ledger
from bot.modes.channels import ChannelModes
from bot.narrator.live import Narrator
from bot.roles import RoleDirectory
from bot.routing.router import Router
from bot.telemetry.traced import traced_dispatcher
from bot.telemetry.tracing import NO_TRACING, Tracing
from bot.thread import ThreadRef, ThreadWriter
from bot.workflows.callers import caller_of
from bot.workflows.messages import TaskRequest
from policies.commands import Decides
from policies.execution import ExecutionCheck
from policies.pipeline import Pipeline
from tools.base import ToolAuthorizer
from tools.connectors.advisories import AdvisorySource
from tools.connectors.base import Estate
from tools.contracts.common import AgentName
from tools.contracts.identity import Caller
from tools.contracts.ledger import Recorder
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.registry import ToolRegistry


def no_warnings(_org: str, _task_id: str) -> list[str]:
    """No budget is set."""
    return []


@dataclass(frozen=True)
class Workbench:
    writer: ThreadWriter
    narrator: Narrator
    ledger: Ledger
    labels: Labels
    """What became of what councils carried."""
    channel_modes: ChannelModes
    meta_prompt: MetaPrompt
    files: FileDesk
    """What people attach to requests."""
    follow_ups: FollowUps
    agents: Mapping[AgentName, Specialist]
    orchestrator: Orchestrator
    escalation: Escalation
    """Of tasks whose mode is `auto`."""
    router: Router
    members: Sequence[Member]
    registry: ToolRegistry
    estate: Estate
    advisories: AdvisorySource
    authorizer: ToolAuthorizer
    pipeline: Pipeline
    rechecks: ExecutionCheck
    policies: Decides
    """Who says whether a person may give a command."""
    roles: RoleDirectory
    delegations: Delegations
    """Roles that people have lent."""
    grant_key: bytes
    team: str
    """Slack's team id, for streams."""
    redact: Callable[[str], str]
    now: Callable[[], datetime]
    take_warnings: Callable[[str, str], list[str]] = no_warnings
    """Org and task → what its thread is still to be told of budgets that are nearly used up."""
    spending: Spending = field(default_factory=Unlimited)
    """Who says whether anything may still be spent on alerts."""
    page: Mapping[str, str] = field(default_factory=dict[str, str])
    """Whom to page for which alert, in words."""
    include_dissent: bool = True
    """Whether cards tell who disputes what and why. Gates and ledger have it in any case."""
    tracing: Tracing = NO_TRACING

    @property
    def simulated(self) -> bool:
        """Whether any model is a rehearsal one: every message with model output then says so."""
        return any(member.simulated for member in self.members)

    def dispatcher(self, recorder: Recorder | None = None) -> Dispatcher:
        """For one investigation or one phase: its plans and its call budget are its own.

        `recorder`: where its calls are written down; None: in the ledger, one by one.
        """
        dispatcher = build_dispatcher(
            registry=self.registry,
            estate=self.estate,
            advisories=self.advisories,
            authorizer=self.authorizer,
            recorder=recorder or self.ledger,
            grant_key=self.grant_key,
            now=self.now,
            redact=self.redact,
        )
        return traced_dispatcher(dispatcher, self.tracing, tools=self.registry.catalog())

    async def caller(self, request: TaskRequest) -> Caller:
        """On whose behalf tools are called. See :func:`bot.workflows.callers.caller_of`."""
        return await caller_of(request, roles=self.roles)

    def thread(self, request: TaskRequest, thread_ts: str | None) -> ThreadRef:
        person = None if request.source == "alert" else request.user
        return ThreadRef(team=self.team, channel=request.channel, thread_ts=thread_ts, recipient_user=person)
