"""Slack's side of the bargain: three seconds to acknowledge, then redelivery of events, or an error for the person."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass

from bot.local.slack.events import event_callback, events_for
from bot.local.slack.faults import Faults
from bot.local.slack.messages import Change
from bot.local.slack.sockets import SocketHub
from bot.local.slack.stats import Stats
from bot.local.slack.transport import Delivery, Kind, NotAcked, Transport, acked_within
from bot.local.slack.webhooks import Webhooks
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Patience:
    """How long Slack waits. Seconds."""

    ack: float = 3.0
    """For an acknowledgement."""
    retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    """Before each redelivery of an event, counted from the failure before."""


class Outbox:
    """Delivers payloads to the app over whichever way is configured now."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        sockets: SocketHub,
        webhooks: Webhooks,
        stats: Stats,
        faults: Faults,
        patience: Patience,
    ) -> None:
        self._workspace = workspace
        self._sockets = sockets
        self._webhooks = webhooks
        self._stats = stats
        self._faults = faults
        self.patience = patience
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        workspace.listen(self._changed)

    @property
    def _transport(self) -> Transport:
        return self._webhooks if self._webhooks.urls is not None else self._sockets

    def _changed(self, change: Change) -> None:
        for event in events_for(self._workspace, change):
            self.event(event)

    def event(self, event: JsonObject) -> str:
        """Deliver an event in the background, with redelivery. Returns its `event_id`."""
        channel = self._workspace.channels.get(str(event.get("channel")))
        shared = channel is not None and channel.shared == "ext"
        payload = event_callback(event, self._workspace.team, shared=shared)
        event_id = str(payload["event_id"])
        self._workspace.owe(event_id, payload)
        self._start(self._deliver(payload))
        return event_id

    def resume(self) -> None:
        """Deliver what a process before this one still owed. It may have been delivered: the app knows it by its id."""
        for payload in list(self._workspace.owed.values()):
            self._start(self._deliver_once(Delivery("events_api", payload, attempt=1, reason="timeout")))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, payload: JsonObject) -> None:
        if self._faults.out_of_order:
            self._held += 1
            if self._held % 2:
                await asyncio.sleep(0.4)
        twice = self._faults.twice
        await self._deliver_once(Delivery("events_api", payload))
        if twice:
            await self._deliver_once(Delivery("events_api", payload, attempt=1, reason="timeout"))

    async def _deliver_once(self, delivery: Delivery) -> None:
        for retry in itertools.count():
            try:
                await self._transport.send(delivery, seconds=self.patience.ack)
            except NotAcked as failure:
                delivery.reason = failure.reason
            else:
                self._settle(delivery)
                return
            # As it is now: how long Slack waits can be set while a delivery goes on.
            delay = self.patience.retries[retry] if retry < len(self.patience.retries) else None
            # A late acknowledgement still counts.
            if delay is None or delivery.no_retry or await acked_within(delivery, seconds=delay):
                break
            delivery.attempt += 1
        self._sockets.forget(delivery)
        if not delivery.acked.done():
            self._stats.events_given_up += 1
        self._settle(delivery)

    def _settle(self, delivery: Delivery) -> None:
        if delivery.event_id in self._workspace.owed:  # delivered twice, it is settled once
            self._workspace.settle(delivery.event_id)

    async def ask(self, kind: Kind, payload: JsonObject) -> JsonObject:
        """Deliver once what a person waits for. Returns the response payload; raises :class:`NotAcked`."""
        delivery = Delivery(kind, payload)
        try:
            await self._transport.send(delivery, seconds=self.patience.ack)
        finally:
            self._sockets.forget(delivery)
        return delivery.acked.result()

    async def close(self) -> None:
        """Stop redelivering."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
