"""Gavel's bot in the local workspace, over the real socket, handing over to a real Temporal."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.alerts.door import AlertDoor
from bot.app import build_app, build_client, who_are_we
from bot.blocks.actions import (
    APPROVE,
    REJECT,
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
    STEP_UP_BLOCK,
    STEP_UP_INPUT,
)
from bot.blocks.offer import Offer
from bot.blocks.plan_card import plan_card
from bot.desks import Desk as CommandDesk
from bot.home.keeper import Reader
from bot.intake import Intake
from bot.listeners.feedback import FeedbackDoor
from bot.listeners.freezes import FreezeDoor
from bot.listeners.keys import KeyDoor
from bot.listeners.later import Later
from bot.listeners.links import TaskFinder
from bot.permits.gate import Gate, RequestLimits, RolesOnce
from bot.roles import LADDER, Address, RoleDirectory
from bot.settings import SlackSettings
from bot.workflows.messages import Proposal, TaskLimits
from bot.workflows.messages.alerts import TriageRules
from policies.bundle import load_bundle
from policies.commands import Decides
from policies.regorus_engine import RegorusEngine
from tests.unit.local_slack.harness import OPS, TEAM, Slack
from tests.unit.workflows.conftest import KEY
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

SHIPPED = RegorusEngine(load_bundle())


class AllRoles:
    """Everybody holds them all. Implements `bot.roles.RoleDirectory`."""

    async def roles_of(self, user: str) -> list[Role]:
        return [*LADDER]

    async def address_of(self, role: Role) -> Address:
        return Address()


@dataclass(frozen=True)
class Desk:
    slack: Slack
    app: Any
    """Bolt's, which leaves its answers untyped."""

    async def card(self, proposal: Proposal) -> str:
        """The plan card in a thread of #ops, as the workflow's own step would post it; its ts."""
        offer = Offer(
            plan=proposal.plan,
            report=proposal.report,
            council=proposal.council,
            requester="UADA",
            nonce=proposal.nonce,
            deadline=datetime.fromisoformat(proposal.expires_at),
            environment_size=None,
            cost_usd=None,
            answers_usd=None,
            simulated=True,
        )
        shown = plan_card(offer)
        thread = await self.slack.say("web servers have drifted")
        return await self.slack.post(text=shown.text, blocks=shown.blocks, thread_ts=thread)

    async def click(self, ts: str, *, user: str = "grace", action_id: str = APPROVE) -> JsonObject:
        answer = await self.slack.act("click", user=user, channel=OPS, message_ts=ts, action_id=action_id)
        assert answer["ok"], answer
        return answer

    async def view(self, user: str = "grace") -> JsonObject | None:
        """The form in front of this person."""
        return (await self.slack.look("state", viewer=user))["view"]

    async def form(self, ts: str, *, user: str = "grace", action_id: str = APPROVE) -> JsonObject:
        """Press a button and get the form that it opens."""
        await self.click(ts, user=user, action_id=action_id)
        view = await self.view(user)
        assert view is not None, "no form was opened"
        return view

    async def submit(self, view: JsonObject, typed: str, *, user: str = "grace") -> JsonObject:
        values = {STEP_UP_BLOCK: {STEP_UP_INPUT: typed}}
        return await self.slack.act("submit_view", user=user, view_id=view["id"], values=values)

    async def reject(self, ts: str, *, user: str = "grace", kind: str = "not_now", words: str = "") -> JsonObject:
        """Press Reject, say why, and send it: what the form answered."""
        view = await self.form(ts, user=user, action_id=REJECT)
        values = {REJECT_KIND_BLOCK: {REJECT_KIND_INPUT: kind}, REJECT_WORDS_BLOCK: {REJECT_WORDS_INPUT: words}}
        return await self.slack.act("submit_view", user=user, view_id=view["id"], values=values)

    async def told(self, ts: str, *, user: str = "grace") -> list[str]:
        """What only this person sees in the card's thread."""
        card = self.slack.workspace.message(OPS, ts)
        assert card is not None
        messages = await self.slack.thread(str(card.thread_ts), viewer=user)
        return [message["text"] for message in messages if message["ephemeral"]]

    async def send(self, payload: JsonObject) -> JsonObject:
        """What Bolt answers to a payload that no workspace would send. Slack's signature is all that is skipped."""
        request = AsyncBoltRequest(body=json.dumps(payload), mode="socket_mode")
        answer = await self.app.async_dispatch(request)
        assert answer.status == 200
        return json.loads(answer.body) if answer.body else {}


def submission(view: JsonObject, typed: Any, *, user: str, **changes: Any) -> JsonObject:
    """A `view_submission` as Slack sends it, of a form as it was opened."""
    values = {STEP_UP_BLOCK: {STEP_UP_INPUT: {"type": "plain_text_input", "value": typed}}}
    return {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": user, "team_id": TEAM},
        "view": {**view, "state": {"values": values}, **changes},
    }


@asynccontextmanager
async def open_desk(
    slack: Slack,
    temporal: Client,
    *,
    desks: Mapping[str, Callable[[AsyncWebClient], CommandDesk]] | None = None,
    key_door: KeyDoor | None = None,
    feedback_door: FeedbackDoor | None = None,
    roles: RoleDirectory | None = None,
    freeze_door: FreezeDoor | None = None,
    home_reader: Callable[[AsyncWebClient], Reader] | None = None,
    task_finder: Callable[[AsyncWebClient], TaskFinder] | None = None,
    policies: Decides | None = None,
    limits: RequestLimits | None = None,
    alert_channels: frozenset[str] = frozenset(),
) -> AsyncGenerator[Desk]:
    """`temporal` may be a client that reaches nobody. `desks`: verb of `/gavel` → who answers it.

    `roles`: whom the gate knows; None: everybody holds every role, so that what lies behind it is what answers.
    """
    credentials = slack.workspace.credentials
    settings = SlackSettings(
        api_url=f"{slack.base}/api/",
        bot_token=SecretStr(credentials.bot_token),
        app_token=SecretStr(credentials.app_token),
    )
    client = build_client(api_url=settings.api_url, bot_token=credentials.bot_token)
    intake = Intake(
        temporal=temporal,
        task_queue="not-used",
        decision_key=KEY,
        limits=TaskLimits(),
        now=lambda: datetime.now(UTC),
    )
    later = Later()
    app: Any = build_app(
        settings,
        client=client,
        intake=intake,
        alerts=AlertDoor(temporal, "not-used", KEY, TriageRules(TaskLimits()), lambda: datetime.now(UTC)),
        identity=await who_are_we(client),
        org="T1",
        alert_channels=alert_channels,
        desks={verb: made(client) for verb, made in (desks or {}).items()},
        key_door=key_door,
        feedback_door=feedback_door,
        gate=Gate(policies or SHIPPED, RolesOnce(roles or AllRoles()), limits or RequestLimits()),
        later=later,
        freeze_door=freeze_door,
        task_finder=task_finder(client) if task_finder is not None else None,
        home_reader=home_reader(client) if home_reader is not None else None,
    )
    handler = AsyncSocketModeHandler(app, credentials.app_token)
    await handler.connect_async()
    try:
        yield Desk(slack, app)
    finally:
        await handler.close_async()
        await later.stop()


def unreachable_proposal(proposal: Proposal) -> Proposal:
    """The same offer of a task that never was."""
    plan = proposal.plan.model_copy(update={"task_id": "T1.never"})
    return replace(proposal, plan=plan, report=proposal.report.model_copy(update={"plan_digest": plan.digest}))
