"""What the desk of an alert channel makes of alerts: what is one trouble, what comes first, and where it stops."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import Client

from bot.alerts.asking import AskDoor, DeskGone
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import TriageRules
from bot.workflows.messages.triage import LookInto
from tests.unit.alerts.scripted import CHANNEL, KEY, Alerts, alerting, worker_of
from tools.contracts.signing import sign


async def test_an_alert_gets_one_card_in_its_thread_and_is_looked_into_once(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("disk", at=1000.5)
        await alerts.says("disk")
        await alerts.until(lambda: bool(alerts.opened))
        await alerts.until(lambda: "Being looked into" in alerts.cards().get("disk", ""))
        assert alerts.opened[0].thread_ts == "1000.500000"
        await alerts.end(1)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["disk"])
        for _ in range(3):
            await alerts.says("disk")
        await asyncio.sleep(1.5)
        assert alerts.looked_into() == [["disk"]]
        faces = [face for message in alerts.shown for face in message.faces]
        assert {face.thread_ts for face in faces} == {"1000.500000"}
        assert {face.card_ts for face in faces[1:]} == {"9.10"}, "one card, edited"
        assert (await alerts.life("disk")).count == 5


async def test_resolved_closes_and_firing_again_reopens_in_the_same_thread(temporal: Client) -> None:
    async with alerting(temporal, again_seconds=1) as alerts:
        await alerts.says("disk", at=1001)
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.end(1)
        await alerts.says("disk", "resolved")
        await alerts.until(lambda: alerts.cards()["disk"].startswith("resolved ×1: Looked into"))
        await asyncio.sleep(1)
        await alerts.says("disk")
        await alerts.until(lambda: alerts.looked_into() == [["disk"], ["disk"]])
        assert [message.thread_ts for message in alerts.opened] == ["1001.000000"] * 2
        assert alerts.opened[1].entries[0].episode == 2
        await alerts.until(lambda: alerts.cards()["disk"].startswith("firing ×1: Being looked into"))


async def test_one_that_fires_again_soon_after_it_was_looked_into_is_not_looked_into_again(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        for status in ("firing", "resolved", "firing", "resolved", "firing"):
            await alerts.says("flap", status)
            await alerts.until(lambda status=status: alerts.cards().get("flap", "").startswith(status))
            await alerts.until(lambda: bool(alerts.opened))
        await asyncio.sleep(0.6)
        assert alerts.looked_into() == [["flap"]]


async def test_what_is_said_late_or_twice_changes_nothing(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("disk", at=2000)
        await alerts.says("disk", "resolved", at=2002)
        await alerts.says("disk", at=2001)  # was said before it was over
        await alerts.says("disk", at=2000)  # was delivered before
        await alerts.until(lambda: any(entry.count == 2 for entry in alerts.entries))
        life = await alerts.life("disk")
        assert (life.status, life.count, life.episode) == ("resolved", 2, 1)


async def test_one_that_was_over_before_its_turn_costs_nothing(temporal: Client) -> None:
    async with alerting(temporal, group_seconds=1.0) as alerts:
        await alerts.says("blip")
        await alerts.says("blip", "resolved")
        await asyncio.sleep(1.5)
        assert not alerts.opened


async def test_the_worst_is_looked_into_first_whatever_came_first(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("mild", severity="info")
        await alerts.says("odd")
        await alerts.says("bad", severity="critical")
        for number in (1, 2, 3):
            await alerts.until(lambda number=number: len(alerts.looked_into()) == number)
            await alerts.end(number)
        assert alerts.looked_into() == [["bad"], ["odd"], ["mild"]]


async def test_a_plan_that_waits_for_people_keeps_nothing_else_waiting(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("first", severity="critical")
        await alerts.says("second")
        await alerts.until(lambda: alerts.looked_into() == [["first"]])
        await alerts.end(1, "wait")
        await alerts.until(lambda: alerts.looked_into() == [["first"], ["second"]])


async def test_what_has_one_cause_is_looked_into_together(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("slow", service="web")
        await alerts.says("down", severity="critical", service="web")
        await alerts.says("else", service="batch")
        await alerts.until(lambda: len(alerts.looked_into()) == 1)
        await alerts.says("late", service="web")
        await alerts.until(lambda: "Same trouble as “down”" in alerts.cards().get("late", ""))
        await alerts.end(1)
        await alerts.until(lambda: len(alerts.looked_into()) == 2)
        assert alerts.looked_into() == [["down", "slow"], ["else"]]
        await alerts.until(lambda: "It was looked into there" in alerts.cards()["slow"])


async def test_a_worse_alert_is_not_swallowed_by_the_investigation_of_a_milder_one(temporal: Client) -> None:
    async with alerting(temporal, parallel=3) as alerts:
        await alerts.says("mild", severity="info", service="web")
        await alerts.until(lambda: alerts.looked_into() == [["mild"]])
        await alerts.says("along", severity="info", service="web")
        await alerts.until(lambda: "Same trouble as “mild”" in alerts.cards().get("along", ""))
        await alerts.says("down", severity="critical", service="web")
        await alerts.until(lambda: len(alerts.looked_into()) == 2)
        await alerts.says("along", severity="warning", service="web")  # it has become worse than what is looked into
        await alerts.until(lambda: "Same trouble as “down”" in alerts.cards().get("along", ""))
        await alerts.says("slow", severity="info", service="web")
        await alerts.until(lambda: "Same trouble as “mild”" in alerts.cards().get("slow", ""))
        assert alerts.looked_into() == [["mild"], ["down"]]


async def test_another_life_of_an_alert_is_looked_into_in_a_thread_of_its_own(temporal: Client) -> None:
    async with alerting(temporal, again_seconds=1, reopen_seconds=1) as alerts:
        await alerts.says("disk", at=1001)
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.end(1)
        await alerts.says("disk", "resolved")
        await alerts.until(lambda: alerts.cards()["disk"].startswith("resolved"))
        gone = temporal.get_workflow_handle(f"{alerts.org}.alert.{CHANNEL}.{alerts.entries[0].fingerprint}")
        await asyncio.wait_for(gone.result(), 20)
        await alerts.says("disk", at=1009)
        await alerts.until(lambda: len(alerts.looked_into()) == 2)
        assert [message.thread_ts for message in alerts.opened] == ["1001.000000", "1009.000000"]
        await alerts.until(lambda: alerts.cards()["disk"].startswith("firing ×1: Being looked into"))


async def test_another_life_so_soon_after_it_was_looked_into_is_shown_and_not_looked_into(temporal: Client) -> None:
    async with alerting(temporal, reopen_seconds=1) as alerts:
        await alerts.says("disk", at=1001)
        await alerts.until(lambda: alerts.looked_into() == [["disk"]])
        await alerts.end(1)
        await alerts.says("disk", "resolved")
        await alerts.until(lambda: alerts.cards()["disk"].startswith("resolved"))
        gone = temporal.get_workflow_handle(f"{alerts.org}.alert.{CHANNEL}.{alerts.entries[0].fingerprint}")
        await asyncio.wait_for(gone.result(), 20)
        await alerts.says("disk", at=1009)
        await alerts.until(lambda: alerts.cards()["disk"].startswith("firing ×1: Looked into"))
        last = [face for message in alerts.shown for face in message.faces][-1]
        assert last.thread_ts == "1009.000000"
        assert alerts.looked_into() == [["disk"]]


async def test_a_storm_gets_one_summary_and_stops_at_its_bound(temporal: Client) -> None:
    async with alerting(temporal, storm_alerts=3, storm_investigations=2, parallel=5, window_seconds=2) as alerts:
        await asyncio.gather(*(alerts.says(f"a{number}", message=False) for number in range(6)))
        await alerts.until(lambda: len(alerts.opened) == 6)
        assert len(alerts.looked_into()) == 2
        assert {message.storm for message in alerts.opened if not message.refusal} != {""}
        await alerts.until(lambda: sum("investigations are used up" in note for note in alerts.cards().values()) == 4)
        for number in (1, 2):
            await alerts.end(number)
        await alerts.until(lambda: any(message.storm and message.storm.over for message in alerts.shown))
        summaries = [message.storm for message in alerts.shown if message.storm is not None]
        assert [one.card_ts for one in summaries] == ["", *["8.1"] * (len(summaries) - 1)], "one message, edited"
        last = summaries[-1]
        assert (last.alerts, last.done, last.skipped, last.running) == (6, 2, 4, 0)


async def test_what_came_while_no_worker_was_up_is_all_there(temporal: Client) -> None:
    async with alerting(temporal, working=False) as alerts:
        for _ in range(5):
            await asyncio.gather(*(alerts.says(f"b{number}") for number in range(4)))
        async with worker_of(alerts):
            await alerts.until(lambda: len(alerts.cards()) == 4)
            await alerts.until(lambda: all("×5" in card for card in alerts.cards().values()))
        async with worker_of(alerts):  # another one, which knows nothing by heart
            await alerts.says("b0", "resolved")
            await alerts.until(lambda: alerts.cards()["b0"].startswith("resolved ×5"))


async def test_a_signal_nobody_vouches_for_is_worth_nothing(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("real")
        await alerts.until(lambda: len(alerts.opened) == 1)
        desk = temporal.get_workflow_handle(f"{alerts.org}.triage.{CHANNEL}")
        forged = replace(alerts.entries[0], fingerprint="f" * 16, title="forged")
        for entry in (forged, replace(sign(forged, b"x" * 32)), sign(replace(forged, org="TOTHER"), alerts.door.key)):
            await desk.signal("enter", [entry])
        door = replace(alerts.door, key=b"x" * 32)
        alerts.door, honest = door, alerts.door
        await alerts.says("forged")
        alerts.door = honest
        await alerts.says("other")
        await alerts.until(lambda: "other" in alerts.cards())
        assert set(alerts.cards()) == {"real", "other"}
        assert (await alerts.life("forged")).count == 0


async def test_a_quiet_desk_goes_home_and_the_next_one_does_not_triage_twice(temporal: Client) -> None:
    async with alerting(temporal, window_seconds=1, again_seconds=1) as alerts:
        await alerts.says("disk")
        await alerts.until(lambda: bool(alerts.looked_into()))
        await alerts.end(1)
        handle = temporal.get_workflow_handle(f"{alerts.org}.triage.{CHANNEL}")
        await asyncio.wait_for(handle.result(), 20)
        await alerts.says("disk")
        await alerts.until(lambda: alerts.cards()["disk"] == "firing ×2: It was triaged before.")
        await asyncio.sleep(0.6)
        assert alerts.looked_into() == [["disk"]]


def test_rules_bound_everything_by_themselves() -> None:
    rules = TriageRules(TaskLimits())
    assert (rules.parallel, rules.storm_investigations, rules.storm_alerts) == (2, 20, 10)


async def test_what_was_left_out_or_goes_along_is_looked_into_when_somebody_asks(temporal: Client) -> None:
    """Once, however often they press; and it does not count against the storm."""
    async with alerting(temporal, storm_alerts=2, storm_investigations=1, parallel=5) as alerts:
        await asyncio.gather(*(alerts.says(f"a{number}", message=False) for number in range(3)))
        await alerts.says("lead", severity="critical", service="web")
        await alerts.says("along", service="web")
        await alerts.until(lambda: sum("are used up" in note for note in alerts.cards().values()) == 3)
        await alerts.until(lambda: "Same trouble as “lead”" in alerts.cards().get("along", ""))
        faces = {face.entry.title: face for message in alerts.shown for face in message.faces}
        assert {name for name, face in faces.items() if face.may_be_asked} == {"a0", "a1", "a2", "along"}
        assert faces["along"].lead_ts == faces["lead"].thread_ts
        assert faces["lead"].lead_ts == ""
        door = AskDoor(temporal, KEY)
        for name, user in (("a1", "UADA"), ("a1", "UGRACE"), ("along", "UADA"), ("lead", "UADA")):
            await door.ask(click(alerts, name, user=user))
        for forged in (replace(click(alerts, "a2"), org="TOTHER"), click(alerts, "none of these")):
            handle = temporal.get_workflow_handle(f"{alerts.org}.triage.{CHANNEL}")
            await handle.signal("look_into", sign(forged, KEY))
        await temporal.get_workflow_handle(f"{alerts.org}.triage.{CHANNEL}").signal("look_into", click(alerts, "a2"))
        await alerts.until(lambda: len(alerts.looked_into()) == 3)
        asked = {message.entries[0].title: message for message in alerts.opened if message.asked_by}
        assert {name: (one.asked_by, one.storm) for name, one in asked.items()} == {
            "a1": ("UADA", ""),
            "along": ("UADA", ""),
        }
        await alerts.until(lambda: "Being looked into" in alerts.cards()["a1"])
        await asyncio.sleep(0.5)
        assert alerts.looked_into()[0] == ["lead", "along"]
        assert sorted(alerts.looked_into()[1:]) == [["a1"], ["along"]]


async def test_a_click_after_the_desk_has_gone_home_says_so(temporal: Client) -> None:
    async with alerting(temporal, working=False) as alerts:
        with pytest.raises(DeskGone):
            await AskDoor(temporal, KEY).ask(click(alerts, "disk"))


def click(alerts: Alerts, name: str, *, user: str = "UADA") -> LookInto:
    fingerprint = name.encode().hex().ljust(16, "0")
    return LookInto(alerts.org, CHANNEL, fingerprint, user, unique=f"{name} {user}")
