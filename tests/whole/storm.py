"""A storm of alerts, as monitors would send it: most by Alertmanager's webhook, some as messages in the channel."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import psutil

from bot.alerts.names import WEBHOOK_PATH, alert_id, desk_id
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages.triage import DeskState
from tests.whole.town import Served, Town, until
from tools.contracts.common import JsonObject

CHANNEL = "C0ALERTS01"
TOKEN = "storm-token-of-the-tests"
A_BODY = 10
"""Alerts of one message of Alertmanager."""

IN_SLACK = 10
"""One fingerprint in so many is of a monitor that posts into the channel, at one message a second, as Slack lets it."""

MACHINES = ("api-prod-eus2-01", "db-prod-usc1-01", "web-prod-euw1-01", "api-prod-eus2-02")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_for(port: int) -> Mapping[str, str]:
    """The environment of a bot with the webhook."""
    return {"GAVEL_ALERTS_WEBHOOK_TOKEN": TOKEN, "GAVEL_ALERTS_WEBHOOK_PORT": str(port)}


@dataclass
class Storm:
    town: Town
    served: Served
    port: int
    alerts: int
    fingerprints: int
    seconds: float
    seed: int = 1
    sent: int = 0
    resent: int = 0
    """Bodies that were answered 503."""
    began_mb: float = 0
    most_mb: float = 0
    """Resident memory of the bot and worker."""
    in_slack: list[int] = field(default_factory=list[int])

    async def blow(self) -> None:
        """Send everything in its time. Returns when all of it was taken."""
        self.in_slack = list(range(0, self.fingerprints, IN_SLACK))
        messages = min(int(self.seconds), self.alerts // 20)
        bodies = (self.alerts - messages) // A_BODY
        loop, dice = asyncio.get_running_loop(), random.Random(self.seed)
        by_webhook = [number for number in range(self.fingerprints) if number not in self.in_slack]
        # Each alert at least once, then as the dice fall.
        drawn = [*by_webhook, *dice.choices(by_webhook, k=bodies * A_BODY - len(by_webhook))]
        self.began_mb = self.most_mb = self._resident()
        watching = asyncio.create_task(self._watch())
        began = loop.time()
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            group.create_task(self._say(dice, messages, began))
            for number in range(bodies):
                await asyncio.sleep(max(0.0, began + number * self.seconds / bodies - loop.time()))
                body = [self._alert(one, self.sent + at) for at, one in enumerate(drawn[number * A_BODY :][:A_BODY])]
                self.sent += A_BODY
                group.create_task(self._post(http, body))
        watching.cancel()

    async def _say(self, dice: random.Random, messages: int, began: float) -> None:
        order = [*self.in_slack, *dice.choices(self.in_slack, k=max(0, messages - len(self.in_slack)))][:messages]
        loop = asyncio.get_running_loop()
        for at, number in enumerate(order):
            await asyncio.sleep(max(0.0, began + at * self.seconds / messages - loop.time()))
            title = f"[FIRING:1] {_name(number)} {_service(number)} (production {_severity(number)})"
            attachment: JsonObject = {"title": title, "text": _text(number)}
            url = f"{self.town.stage.base}local/alert"
            async with self.town.stage.http.post(
                url, json={"channel": "alerts", "attachments": [attachment]}
            ) as answer:
                assert (await answer.json())["ok"]
            self.sent += 1

    async def _post(self, http: aiohttp.ClientSession, alerts: list[JsonObject]) -> None:
        """As Alertmanager does: until it is taken."""
        url = f"http://127.0.0.1:{self.port}{WEBHOOK_PATH}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        wait = 1.0
        while True:
            async with http.post(url, json={"version": "4", "alerts": alerts}, headers=headers) as answer:
                if answer.status == 200:
                    return
                assert answer.status == 503
            self.resent += 1
            await asyncio.sleep(wait)
            wait = min(30.0, 2 * wait)

    def _alert(self, number: int, at: int) -> JsonObject:
        started = datetime(2026, 11, 26, tzinfo=UTC) + timedelta(milliseconds=at)
        return {
            "status": "firing",
            "fingerprint": fingerprint(number),
            "labels": {
                "alertname": _name(number),
                "service": _service(number),
                "severity": _severity(number),
                "instance": MACHINES[number % len(MACHINES)],
            },
            "annotations": {"summary": _text(number)},
            "startsAt": started.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
        }

    async def counted(self) -> int:
        """How often the alerts were heard, by their own account."""
        total = 0
        for name in await self.lives():
            life = await self.town.temporal.get_workflow_handle_for(AlertWorkflow.run, name).query(
                AlertWorkflow.alert_state
            )
            total += life.count
        return total

    async def lives(self) -> list[str]:
        prefix = alert_id(self.town.stack.org or "", CHANNEL, "")
        query = f"WorkflowType = 'gavel-alert' AND WorkflowId STARTS_WITH '{prefix}'"
        return [found.id async for found in self.town.temporal.list_workflows(query)]

    async def tasks(self) -> list[str]:
        return [found.id async for found in self.town.temporal.list_workflows("WorkflowType = 'gavel-task'")]

    async def desk(self) -> DeskState:
        name = desk_id(self.town.stack.org or "", CHANNEL)
        return await self.town.temporal.get_workflow_handle_for(TriageWorkflow.run, name).query(
            TriageWorkflow.desk_state
        )

    async def settled(self, *, seconds: float) -> DeskState:
        """Once every card says the last count, and every group was looked into, waits for people, or is not to be."""

        async def is_settled() -> bool:
            await asyncio.sleep(1)
            desk = await self.desk()
            shown = all(one.shown.endswith(f"·{one.entry.count}") for one in desk.dockets.values())
            placed = all(one.group is not None for one in desk.dockets.values())
            heard = sum(one.entry.count for one in desk.dockets.values())
            over = all(group.state in ("done", "skipped") for group in desk.groups.values())
            return heard == self.alerts_sent and shown and placed and over

        await until(is_settled, seconds=seconds, what="A settled storm")
        return await self.desk()

    @property
    def alerts_sent(self) -> int:
        return self.sent

    async def too_many(self) -> int:
        """How often Slack answered 429."""
        async with self.town.stage.http.get(f"{self.town.stage.base}local/stats") as answer:
            stats: JsonObject = await answer.json()
        return int(stats["ratelimited"])

    def _resident(self) -> float:
        return psutil.Process(self.served.process.pid).memory_info().rss / 1e6

    async def _watch(self) -> None:
        while True:
            self.most_mb = max(self.most_mb, self._resident())
            await asyncio.sleep(0.5)


def fingerprint(number: int) -> str:
    return f"{number:016x}"


def _name(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return f"Alert{letters[number // 26 % 26].upper()}{letters[number % 26]}"


def _service(number: int) -> str:
    return f"shop{number % 10}"


def _severity(number: int) -> str:
    return "critical" if number % 7 == 0 else "warning"


def _text(number: int) -> str:
    return f"{MACHINES[number % len(MACHINES)]} in production has a high error rate. What is the root cause?"
