"""An alert that gets worse while it is being looked into, and after: told once, and looked into again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from bot.alerts.names import desk_id
from bot.workflows.alerts.placing import outgrows
from bot.workflows.messages.triage import Docket, Group
from bot.workflows.runner import GuardedRunner
from tests.unit.alerts.scripted import CHANNEL, Alerts, alerting, worker_of
from tests.unit.alerts.test_desk_bounds import entry_of
from tools.contracts.incident import AlertSeverity


def told(alerts: Alerts) -> list[tuple[str, str, str, str]]:
    return [(one.entry.title, one.was, one.entry.severity, one.thread_ts) for one in alerts.worse]


async def goes(alerts: Alerts, name: str, severity: AlertSeverity | None) -> None:
    """It fires as badly as that, or is over (None); and the desk is told so."""
    if severity is None:
        await alerts.says(name, "resolved")
        await alerts.until(lambda: alerts.entries[-1].status == "resolved")
        return
    await alerts.says(name, severity=severity)
    await alerts.until(lambda: (alerts.entries[-1].status, alerts.entries[-1].severity) == ("firing", severity))


async def test_the_thread_is_told_and_it_is_looked_into_again_once_that_is_over(temporal: Client) -> None:
    async with alerting(temporal, parallel=3) as alerts:
        await alerts.says("disk", at=1001)
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.says("disk", severity="critical")
        await alerts.until(lambda: bool(alerts.worse))
        await alerts.says("other", severity="critical")  # what comes later is looked into meanwhile
        await alerts.until(lambda: alerts.looked_into() == [["disk"], ["other"]])
        await alerts.end(1)
        await alerts.until(lambda: alerts.looked_into() == [["disk"], ["other"], ["disk"]])
        assert told(alerts) == [("disk", "warning", "critical", "1001.000000")]
        again = alerts.opened[2]
        assert (again.risen, again.thread_ts, again.entries[0].severity) == (True, "1001.000000", "critical")
        assert [one.risen for one in alerts.opened[:2]] == [False, False]
        await alerts.end(3)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["disk"])


async def test_one_that_flaps_is_told_and_looked_into_once_for_each_severity(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("flap", severity="info")
        await alerts.until(lambda: alerts.looked_into() == [["flap"]])
        ways: list[AlertSeverity | None] = ["warning", None, "critical", None, "warning", None, "critical"]
        for severity in ways:
            await goes(alerts, "flap", severity)
        await alerts.until(lambda: "critical" in [one.entry.severity for one in alerts.worse])
        await alerts.end(1)
        await alerts.until(lambda: len(alerts.looked_into()) == 2)
        for severity in (None, *ways):
            await goes(alerts, "flap", severity)
        await alerts.end(2)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["flap"])
        await alerts.says("last", severity="info")  # the desk has weighed all of the above
        await alerts.until(lambda: len(alerts.looked_into()) == 3)
        assert alerts.looked_into() == [["flap"], ["flap"], ["last"]]
        levels = [one.entry.severity for one in alerts.worse]
        assert levels in (["critical"], ["warning", "critical"]), "never twice the same, and never a lesser one"


async def test_a_desk_that_is_telling_a_thread_is_not_at_its_end(temporal: Client) -> None:
    async with alerting(temporal, window_seconds=1, again_seconds=1) as alerts:
        alerts.hears = asyncio.Event()
        await alerts.says("disk")
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.says("disk", severity="critical")
        await alerts.until(lambda: bool(alerts.worse))
        await goes(alerts, "disk", None)
        await alerts.end(1)
        await asyncio.sleep(4)  # longer than it remembers
        desk = temporal.get_workflow_handle(desk_id(alerts.org, CHANNEL))
        assert (await desk.describe()).status == WorkflowExecutionStatus.RUNNING
        alerts.hears.set()
        async with asyncio.timeout(60):
            await desk.result()
        assert len(alerts.worse) == 1


async def test_a_thread_that_cannot_be_told_keeps_no_other_from_being_told(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workflows.alerts.worsening.PATIENCE", timedelta(seconds=2))
    # Not strictly: in the sandbox the module is another one, with a patience of its own.
    async with (
        alerting(temporal, working=False, parallel=2) as alerts,
        worker_of(alerts, runner=GuardedRunner()),
    ):
        alerts.deaf = {"deaf"}
        for at, name in enumerate(("deaf", "other"), 1):
            await alerts.says(name, service=name)
            await alerts.until(lambda at=at: len(alerts.looked_into()) == at)
        await alerts.says("deaf", severity="critical", service="deaf")
        await alerts.until(lambda: bool(alerts.worse))
        await alerts.says("other", severity="critical", service="other")
        await alerts.until(lambda: "other" in [one.entry.title for one in alerts.worse])


async def test_one_that_got_worse_while_it_could_not_be_opened_is_looked_into(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        alerts.opens = asyncio.Event()
        await alerts.says("disk")
        await alerts.until(lambda: bool(alerts.opened))
        await goes(alerts, "disk", "critical")
        await alerts.says("other", service="mail")
        await alerts.until(lambda: alerts.entries[-1].title == "other")
        alerts.opens.set()
        await alerts.until(lambda: ["critical"] in [[one.severity for one in each.entries] for each in alerts.opened])


async def test_one_that_is_better_when_it_is_over_is_not_looked_into_again(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("disk")
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.says("disk", severity="critical")
        await alerts.until(lambda: bool(alerts.worse))
        await alerts.says("disk", "resolved")
        await alerts.until(lambda: alerts.entries[-1].status == "resolved")
        await alerts.end(1)
        await alerts.says("next")
        await alerts.until(lambda: len(alerts.looked_into()) == 2)
        assert alerts.looked_into() == [["disk"], ["next"]]


async def test_what_was_looked_into_as_a_trifle_is_looked_into_again_when_it_is_none(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("disk", severity="info")
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.end(1)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["disk"])
        await alerts.says("disk", severity="critical")
        await alerts.until(lambda: alerts.looked_into() == [["disk"], ["disk"]])
        await alerts.end(2)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["disk"])
        assert told(alerts) == [], "nothing was under way that had to be told"
        await alerts.says("disk", severity="critical")
        await alerts.says("next")
        await alerts.until(lambda: len(alerts.looked_into()) == 3)
        assert alerts.looked_into()[2] == ["next"]


def test_what_it_is_about_waits_until_it_is_over_and_another_does_not() -> None:
    def of(name: int, severity: str) -> Docket:
        entry = entry_of("T1", name, title="x", severity=severity)
        return Docket(entry, name, group=1)

    lead, along = of(1, "critical"), of(2, "critical")
    group = Group(1, [], [lead.entry.fingerprint, along.entry.fingerprint], "", state="running", severity="warning")
    group.lead = lead.entry.fingerprint
    assert [outgrows(lead, group), outgrows(along, group)] == [False, True]
    group.state = "done"
    assert [outgrows(lead, group), outgrows(along, group)] == [True, True]
    group.state = "skipped"
    assert [outgrows(lead, group), outgrows(along, group)] == [True, True], "what was left out for its storm is, too"
    group.severity = "critical"
    assert [outgrows(lead, group), outgrows(along, group)] == [False, False]
    group.state, group.severity = "waiting", "warning"
    assert not outgrows(lead, group), "it has its turn before it"
