"""The way of a click on “Look into it” to the desk of its channel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bot.alerts.names import desk_id
from bot.intake import HAND_OVER, TOO_LATE, HandOverFailed
from bot.permits.time_left import seconds_left
from bot.telemetry.intake import IntakeMetrics
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.messages.triage import LookInto
from tools.contracts.signing import sign

ANSWER_SECONDS = 2.7
"""Of the three in which Slack wants an answer."""


class DeskGone(Exception):
    """The desk has gone home: it knows of no alert any more."""


@dataclass(frozen=True)
class AskDoor:
    temporal: Client
    key: bytes
    metrics: IntakeMetrics = field(default_factory=lambda: IntakeMetrics(CollectorRegistry()))

    async def ask(self, click: LookInto) -> None:
        """Returns when it is durable. Raises :class:`HandOverFailed` and :class:`DeskGone`."""
        desk = self.temporal.get_workflow_handle_for(TriageWorkflow.run, desk_id(click.org, click.channel))
        with self.metrics.handing_over("alert", over=DeskGone):
            try:
                async with asyncio.timeout(min(HAND_OVER.total_seconds(), seconds_left(ANSWER_SECONDS))):
                    await desk.signal(TriageWorkflow.look_into, sign(click, self.key), rpc_timeout=HAND_OVER)
            except (RPCError, RuntimeError) as error:
                if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                    raise DeskGone from error
                raise HandOverFailed(f"Temporal did not take it: {error}") from error
            except TimeoutError as error:
                raise HandOverFailed(TOO_LATE) from error
