"""What is recorded of alerts: the lives of some, and desks of their channels, with scripted steps on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from temporalio.client import WorkflowHandle

from bot.alerts.names import alert_id, desk_id
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.life import AlertWorkflow
from tests.unit.alerts.scripted import CHANNEL, Alerts
from tests.unit.alerts.test_desk_bounds import make_it_long

SHORT = {"window_seconds": 1, "again_seconds": 1, "reopen_seconds": 1}
"""A desk goes home, and an alert is forgotten, within seconds."""

Handle = WorkflowHandle[object, None]


@dataclass(frozen=True)
class AlertScene:
    name: str
    """Of the file, too."""
    play: Callable[[Alerts], Awaitable[Handle]]
    """What is recorded of it, once it is over."""
    rules: Mapping[str, float]
    workflow: type[AlertWorkflow] | type[TriageWorkflow]


async def it_fires_gets_worse_is_over_and_fires_again(alerts: Alerts) -> Handle:
    await alerts.says("disk")
    await alerts.until(lambda: bool(alerts.opened))
    await alerts.says("disk", severity="critical")
    await alerts.says("disk", at=1.5)  # said before
    await alerts.says("disk", "resolved")
    await alerts.until(lambda: alerts.cards()["disk"].startswith("resolved"))
    await alerts.says("disk")
    await alerts.until(lambda: alerts.cards()["disk"].startswith("firing"))
    await alerts.says("disk", "resolved")
    return _life(alerts, "disk")


async def its_desk_cannot_be_told(alerts: Alerts) -> Handle:
    alerts.untaken = 1
    await alerts.says("disk")
    await alerts.until(lambda: "disk" in alerts.cards())
    await alerts.says("disk", "resolved")
    return _life(alerts, "disk")


async def a_storm(alerts: Alerts) -> Handle:
    """One is looked into, waits for people, and ends; a worse one comes; Slack refuses the card of another."""
    alerts.refused.add("bad")
    await alerts.says("mild", severity="info", service="web")
    await alerts.until(lambda: len(alerts.looked_into()) == 1)
    await asyncio.gather(
        *(alerts.says(f"a{number}", service="web") for number in range(3)),
        alerts.says("down", severity="critical", service="web"),
        alerts.says("bad", severity="critical", message=False),
    )
    await alerts.until(lambda: "down" in alerts.cards())
    await alerts.end(1, "wait")
    await alerts.until(lambda: len(alerts.looked_into()) == 2)
    await alerts.says("bad", "resolved")
    await alerts.end(2)
    await alerts.end(1)
    return _desk(alerts)


async def a_desk_that_goes_on_anew(alerts: Alerts) -> Handle:
    """Of its second run, which follows what the first began."""
    await alerts.says("first", severity="critical")
    await alerts.until(lambda: "Being looked into" in alerts.cards().get("first", ""))
    await make_it_long(alerts)
    await alerts.end(1, "wait")
    await alerts.says("second")
    await alerts.until(lambda: len(alerts.looked_into()) == 2)
    await alerts.end(2)
    await alerts.end(1)
    return _desk(alerts)


async def what_is_looked_into_gets_worse(alerts: Alerts) -> Handle:
    """Its thread is told; it is looked into again once that is over."""
    await alerts.says("disk")
    await alerts.until(lambda: len(alerts.looked_into()) == 1)
    await alerts.says("disk", severity="critical")
    await alerts.until(lambda: bool(alerts.worse))
    await alerts.end(1)
    await alerts.until(lambda: len(alerts.looked_into()) == 2)
    await alerts.says("disk", "resolved")
    await alerts.end(2)
    return _desk(alerts)


def _life(alerts: Alerts, name: str) -> Handle:
    fingerprint = name.encode().hex().ljust(16, "0")
    return alerts.temporal.get_workflow_handle(alert_id(alerts.org, CHANNEL, fingerprint))


def _desk(alerts: Alerts) -> Handle:
    return alerts.temporal.get_workflow_handle(desk_id(alerts.org, CHANNEL))


ALERT_SCENES = [
    AlertScene("alert_that_fires_again", it_fires_gets_worse_is_over_and_fires_again, SHORT, AlertWorkflow),
    AlertScene("alert_whose_desk_cannot_be_told", its_desk_cannot_be_told, SHORT, AlertWorkflow),
    AlertScene("desk_in_a_storm", a_storm, {**SHORT, "storm_alerts": 3, "parallel": 1}, TriageWorkflow),
    AlertScene("desk_that_goes_on_anew", a_desk_that_goes_on_anew, SHORT, TriageWorkflow),
    AlertScene("desk_whose_alert_gets_worse", what_is_looked_into_gets_worse, SHORT, TriageWorkflow),
]
