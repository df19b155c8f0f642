"""Builds the Bolt app and registers the listeners. It acknowledges what is durable, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts.asking import AskDoor
from bot.alerts.door import AlertDoor
from bot.blocks.actions import (
    ANSWER_PREFIX,
    APPROVE,
    CANCEL,
    EDIT,
    EDIT_FORM,
    FEEDBACK,
    FILES,
    PAUSE,
    REJECT,
    REJECT_FORM,
    RESUME,
    STEP_UP_FORM,
)
from bot.blocks.alerts import LOOK_INTO
from bot.blocks.ask import ASK_FORM
from bot.blocks.keys import KEY_FORM
from bot.desks import Desk
from bot.home.keeper import Reader
from bot.intake import HandOverFailed, Intake
from bot.listeners.ask_form import AskForm
from bot.listeners.clicks import ClickListeners
from bot.listeners.commands import CommandListeners
from bot.listeners.delegations import DelegationListeners
from bot.listeners.edit import EditListeners
from bot.listeners.events import EventListeners
from bot.listeners.feedback import FeedbackDoor, FeedbackListeners
from bot.listeners.freezes import FreezeDoor, FreezeListeners
from bot.listeners.keys import KeyDoor, KeyListeners
from bot.listeners.later import Later
from bot.listeners.links import TaskFinder
from bot.listeners.look_into import LookIntoListeners
from bot.listeners.openers import Openers
from bot.listeners.papers import FileDoor, FileListeners
from bot.listeners.reject import RejectListeners
from bot.listeners.removal import RemovalListeners
from bot.listeners.step_up import StepUpListeners
from bot.permits.gate import Gate
from bot.permits.home import Home
from bot.permits.middleware import Gatekeeper, gated
from bot.permits.strangers import Strangers
from bot.settings import SlackSettings
from bot.slack_api import SlackApi, StrictClient
from bot.speaking import opener, teller, whisperer
from bot.surfaces import register_surfaces
from bot.telemetry.counted_app import CountedApp
from bot.telemetry.intake import IntakeMetrics
from bot.telemetry.slack import CountedCalls, SlackMetrics
from bot.telemetry.tracing import NO_TRACING, Tracing

Authorize = Callable[[], Awaitable[AuthorizeResult]]
"""As Bolt calls it when it is given no token: who the bot is in the workspace of this app."""


def build_client(*, api_url: str, bot_token: str, metrics: SlackMetrics | None = None) -> AsyncWebClient:
    """The Web API client of the bot and of the worker: retries connection errors, 429 and 5xx."""
    client = StrictClient(token=bot_token, base_url=api_url)
    if metrics is not None:
        client.retry_handlers.insert(0, CountedCalls(metrics))
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    client.retry_handlers.append(AsyncServerErrorRetryHandler(max_retry_count=2))
    return client


@dataclass(frozen=True)
class Identity:
    """Who we are in the workspace, as Slack says."""

    team: str
    user: str
    bot: str
    """`B…`: the author of our messages."""
    home: str = ""
    """The workspace's address, with a slash at its end; empty: Slack did not say."""
    enterprise: str = ""
    """`E…`, which the workspace is of; empty: of none."""
    wide: bool = False
    """Whether the app is installed for all of it."""


NOBODY = Identity("", "", "")
"""Of a bot that is in no workspace."""


async def who_are_we(api: SlackApi) -> Identity:
    answer = await api.api_call("auth.test")
    return Identity(
        team=str(answer.get("team_id")),
        user=str(answer.get("user_id")),
        bot=str(answer.get("bot_id")),
        home=str(answer.get("url") or ""),
        enterprise=str(answer.get("enterprise_id") or ""),
        wide=answer.get("is_enterprise_install") is True,
    )


def build_app(
    slack: SlackSettings,
    *,
    client: AsyncWebClient,
    intake: Intake,
    alerts: AlertDoor,
    identity: Identity,
    org: str | None,
    alert_channels: frozenset[str],
    gate: Gate,
    later: Later,
    desks: Mapping[str, Desk] | None = None,
    key_door: KeyDoor | None = None,
    feedback_door: FeedbackDoor | None = None,
    freeze_door: FreezeDoor | None = None,
    home_reader: Reader | None = None,
    task_finder: TaskFinder | None = None,
    file_door: FileDoor | None = None,
    authorize: Authorize | None = None,
    metrics: IntakeMetrics | None = None,
    tracing: Tracing = NO_TRACING,
) -> AsyncApp:
    """The app with every listener, each behind the `gate`. A listener that raises is not acknowledged.

    `desks`: verb of `/gavel` → desk. `later`: what is said after Slack was answered; stop it when the bot stops.
    `authorize`: who this bot is, for Bolt; None: it asks Slack with the client's token.
    """
    app = CountedApp(
        metrics=metrics,
        tracing=tracing,
        client=client,
        authorize=authorize,
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret else "unused-in-socket-mode",
        # Without this Bolt acknowledges an event before its listener has handed it over, even when that fails.
        process_before_response=True,
    )
    app.error(_not_acknowledged)
    strangers = Strangers(Home(client, team=identity.team, enterprise=identity.enterprise, wide=identity.wide))
    _use(app, gated(Gatekeeper(gate, strangers, org, identity.user, whisperer(client), teller(client), later)))
    step_up = StepUpListeners(intake=intake, org=org, open_form=opener(client))
    rejecting = RejectListeners(intake=intake, org=org, open_form=opener(client))
    editing = EditListeners(intake=intake, org=org, open_form=opener(client))
    ask_form = AskForm(intake, org, opener(client))
    keys: KeyListeners | None = None
    if key_door is not None:
        keys = KeyListeners(key_door, org=org, open_form=opener(client), whisper=whisperer(client))
        desks = {**(desks or {}), "keys": keys}
    freezes: FreezeListeners | None = None
    if freeze_door is not None:
        freezes = FreezeListeners(
            freeze_door, org=org, open_form=opener(client), whisper=whisperer(client), now=intake.now, later=later
        )
        desks = {**(desks or {}), "freeze": freezes}
    lending: DelegationListeners | None = None
    if desks is not None and "delegate" in desks:
        lending = DelegationListeners(
            desks["delegate"],
            gate.roles,
            org,
            open_form=opener(client),
            whisper=whisperer(client),
            now=intake.now,
            later=later,
        )
        desks = {**desks, "delegate": lending}
    events = EventListeners(
        intake=intake,
        alerts=alerts,
        org=org,
        bot_user=identity.user,
        alert_channels=alert_channels,
        opener_of=Openers(client, identity.bot).opener_of,
    )
    register_surfaces(
        app,
        client=client,
        intake=intake,
        org=org,
        events=events,
        ask_form=ask_form,
        freezes=freezes,
        lending=lending,
        home_reader=home_reader,
        desks=desks or {},
        task_finder=task_finder,
        task_url=slack.task_url,
        later=later,
    )
    _register(
        app,
        events=events,
        clicks=ClickListeners(
            intake=intake, org=org, tell=teller(client), step_up=step_up, rejecting=rejecting, editing=editing
        ),
        removal=RemovalListeners(identity.user),
        step_up=step_up,
        rejecting=rejecting,
        editing=editing,
        commands=CommandListeners(intake, org, ask_form, desks or {}),
        ask_form=ask_form,
        keys=keys,
        files=FileListeners(file_door, org, teller(client)) if file_door is not None else None,
        feedback=FeedbackListeners(feedback_door, org, teller(client)) if feedback_door is not None else None,
        looking=LookIntoListeners(AskDoor(alerts.temporal, alerts.key, alerts.metrics), org, teller(client)),
    )
    return app


def _register(
    bolt: _Registers,
    *,
    events: EventListeners,
    clicks: ClickListeners,
    removal: RemovalListeners,
    step_up: StepUpListeners,
    rejecting: RejectListeners,
    editing: EditListeners,
    commands: CommandListeners,
    ask_form: AskForm,
    keys: KeyListeners | None,
    feedback: FeedbackListeners | None,
    files: FileListeners | None,
    looking: LookIntoListeners,
) -> None:
    async def mention(body: dict[str, Any]) -> None:
        await events.on_mention(body)

    async def message(body: dict[str, Any]) -> None:
        await events.on_message(body)

    async def decision(ack: AsyncAck, body: dict[str, Any]) -> None:
        await clicks.on_decision(body)
        await ack()

    async def submission(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await step_up.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def rejection(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await rejecting.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def edit(ack: AsyncAck, body: dict[str, Any]) -> None:
        await clicks.on_edit(body)
        await ack()

    async def edited(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await editing.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def asked(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await ask_form.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def key_form(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await keys.on_submission(body) if keys is not None else {}
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def answer(ack: AsyncAck, body: dict[str, Any]) -> None:
        await clicks.on_answer(body)
        await ack()

    async def control(ack: AsyncAck, body: dict[str, Any]) -> None:
        await clicks.on_control(body)
        await ack()

    async def opinion(ack: AsyncAck, body: dict[str, Any]) -> None:
        if feedback is not None:
            await feedback.on_feedback(body)
        await ack()

    async def look_into(ack: AsyncAck, body: dict[str, Any]) -> None:
        await looking.on_look_into(body)
        await ack()

    async def wants_files(ack: AsyncAck, body: dict[str, Any]) -> None:
        if files is not None:
            await files.on_files(body)
        await ack()

    async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
        reply = await commands.on_gavel(body)
        await ack(text=reply.text, blocks=reply.blocks)

    async def uninstalled() -> None:
        await removal.on_uninstalled()

    async def revoked(body: dict[str, Any]) -> None:
        await removal.on_revoked(body)

    bolt.event("app_uninstalled")(uninstalled)
    bolt.event("tokens_revoked")(revoked)
    bolt.event("app_mention")(mention)
    bolt.event("message")(message)
    bolt.action(re.compile(f"^({re.escape(APPROVE)}|{re.escape(REJECT)})$"))(decision)
    bolt.action(re.compile(f"^({re.escape(PAUSE)}|{re.escape(RESUME)}|{re.escape(CANCEL)})$"))(control)
    bolt.action(re.compile(f"^{re.escape(ANSWER_PREFIX)}"))(answer)
    bolt.action(re.compile(f"^{re.escape(FEEDBACK)}$"))(opinion)
    bolt.action(re.compile(f"^{re.escape(FILES)}$"))(wants_files)
    bolt.action(re.compile(f"^{re.escape(LOOK_INTO)}$"))(look_into)
    bolt.action(re.compile(f"^{re.escape(EDIT)}$"))(edit)
    bolt.view(EDIT_FORM)(edited)
    bolt.view(STEP_UP_FORM)(submission)
    bolt.view(REJECT_FORM)(rejection)
    bolt.view(ASK_FORM)(asked)
    if keys is not None:
        bolt.view(KEY_FORM)(key_form)
    bolt.command("/gavel")(command)


def _use(bolt: _Uses, middleware: Callable[..., object]) -> None:
    """Before any listener, the assistant's too: Bolt goes through them in the order in which they are registered."""
    bolt.use(middleware)


async def _not_acknowledged(error: Exception) -> None:
    """After a listener raised. Bolt then answers 500, or over a socket not at all: Slack sends events again."""
    log = structlog.get_logger("gavel.slack")
    if isinstance(error, HandOverFailed):
        log.warning(f"{error}. It was not acknowledged, so that Slack sends it again; nothing was started.")
    else:
        log.error("What Slack sent could not be handled. It was not acknowledged.", exc_info=error)


class _Uses(Protocol):
    """Likewise."""

    def use(self, middleware: Callable[..., object], /) -> object: ...


class _Registers(Protocol):
    """The part of Bolt used here, with types."""

    def event(self, event: str) -> Callable[..., object]: ...
    def action(self, constraints: re.Pattern[str]) -> Callable[..., object]: ...
    def view(self, constraints: str) -> Callable[..., object]: ...
    def command(self, command: str) -> Callable[..., object]: ...
