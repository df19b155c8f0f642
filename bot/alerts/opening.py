"""The doors for alerts, as configured: one for what Slack brings, one for the webhook."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.alerts.door import PACE, AlertDoor
from bot.alerts.webhook import Webhook, accepted_headers, listening_for_alerts
from bot.app import who_are_we
from bot.channels import channel_seen
from bot.clock import utc_now
from bot.intake import HAND_OVER
from bot.keys import Keys
from bot.local.errors import StackError
from bot.local.stack import RunningStack
from bot.settings import Settings
from bot.starting import needed
from bot.task_limits import task_limits
from bot.telemetry.metrics import Metrics
from bot.workflows.client import connect
from bot.workflows.messages.alerts import TriageRules

PATIENCE = timedelta(seconds=10)
"""Of a sender that waits and sends again, as Alertmanager does."""

MOST_PACE = 5.0


def build_alert_door(
    settings: Settings, *, temporal: Client, keys: Keys, metrics: Metrics | None = None, patient: bool = False
) -> AlertDoor:
    """Of one process: what comes in at the same time elsewhere is another signal. `patient`: the sender waits."""
    alerts = settings.alerts
    return AlertDoor(
        temporal=temporal,
        task_queue=settings.temporal.task_queue,
        key=keys.derive("decision"),
        rules=TriageRules(
            limits=replace(task_limits(settings), approval_seconds=alerts.expiry_seconds),
            group_seconds=float(alerts.group_seconds),
            window_seconds=alerts.window_seconds,
            again_seconds=alerts.again_seconds,
            reopen_seconds=alerts.reopen_seconds,
            group_by=[name.lower() for name in alerts.group_by],
            parallel=alerts.parallel,
            storm_alerts=alerts.storm_alerts,
            storm_investigations=alerts.storm_investigations,
        ),
        now=utc_now,
        metrics=(metrics or Metrics()).intake,
        most_pace=MOST_PACE if patient else PACE,
        patience=PATIENCE if patient else HAND_OVER,
    )


@asynccontextmanager
async def taking_webhooks(
    stack: RunningStack, client: AsyncWebClient, *, metrics: Metrics | None = None
) -> AsyncGenerator[int | None]:
    """Listen for Alertmanager, where a secret is set: the port. None: there is no webhook."""
    settings = stack.settings
    alerts = settings.alerts
    if not alerts.webhook:
        yield None
        return
    wanted = alerts.webhook_channel or alerts.channels[0]
    with needed("Slack did not list its channels, among them the webhook's"):
        org = stack.org or (await who_are_we(client)).team
        channel = await channel_seen(client, wanted)
    if channel is None:
        raise StackError(f"The webhook's channel {wanted!r} is none the bot can see. Invite the bot, or name another.")
    temporal = await connect(
        settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec"), lazy=True
    )
    webhook = Webhook(
        build_alert_door(settings, temporal=temporal, keys=stack.keys, metrics=metrics, patient=True),
        org,
        channel,
        accepted_headers(
            token=alerts.webhook_token.get_secret_value() if alerts.webhook_token else None,
            user=alerts.webhook_user,
            password=alerts.webhook_password.get_secret_value() if alerts.webhook_password else None,
        ),
    )
    async with listening_for_alerts(webhook, host=alerts.webhook_host, port=alerts.webhook_port) as port:
        structlog.get_logger("gavel.alerts").info(
            "Alertmanager's webhook listens.", host=alerts.webhook_host, port=port, channel=wanted
        )
        yield port
