"""A desk under what is too much: of bytes, of history, of refusals."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import TypeAdapter
from temporalio.client import Client

from bot.alerts.desk_door import DeskDoor
from bot.workflows.alerts.desk import TriageWorkflow
from bot.workflows.alerts.grouping import urgency
from bot.workflows.alerts.inquiries import Inquiries
from bot.workflows.alerts.memory import fit, forget
from bot.workflows.alerts.showing import Showing
from bot.workflows.messages.alerts import AlertEntry, AlertSeen
from bot.workflows.messages.triage import DeskStart, DeskState, Docket, Group, RelateInput, Storm
from tests.unit.alerts.scripted import CHANNEL, KEY, QUICK, Alerts, alerting
from tests.unit.workflows.running import incompressible
from tools.contracts.signing import sign

NOW = "2026-11-26T12:00:00+00:00"


def entry_of(org: str, number: int, *, title: str = "t", severity: str = "warning") -> AlertEntry:
    return sign(
        AlertEntry(
            org=org,
            channel=CHANNEL,
            fingerprint=f"{number:016x}",
            episode=1,
            status="firing",
            severity="critical" if severity == "critical" else "warning",
            source="text",
            title=title,
            labels={},
            names=[],
            count=1,
            opened_at=datetime.now(UTC).isoformat(),
            changed_at=datetime.now(UTC).isoformat(),
            message_ts=f"{1000 + number}.000000",
            born_at=NOW,
            reports=0,
            fresh=True,
            heard="",
            rules=QUICK,
        ),
        KEY,
    )


async def make_it_long(alerts: Alerts) -> None:
    """More history than Temporal wants one run to have, 4 MiB, until the desk goes on as another run."""
    handle = alerts.temporal.get_workflow_handle_for(TriageWorkflow.run, f"{alerts.org}.triage.{CHANNEL}")
    run_id = (await handle.describe()).run_id
    for number in range(200):
        await handle.signal(TriageWorkflow.waits, incompressible(1_000_000 if number < 7 else 1))
        await asyncio.sleep(0.1)
        if (await handle.describe()).run_id != run_id:
            return
    raise AssertionError("The desk did not hand on to its next run.")


async def test_a_storm_of_the_largest_alerts_is_shown_and_looked_into(temporal: Client) -> None:
    async with alerting(temporal, storm_investigations=1, group_seconds=1.5) as alerts:

        async def say(number: int) -> None:
            notice = alerts.notice(f"b{number:03}", "firing", "warning", {f"l{at}": "警" * 200 for at in range(38)})
            labels = notice.labels | {"host": "警" * 199 + f"-{number}", "service": "警" * 200 + str(number)}
            notice = notice.model_copy(update={"text": "警-" * 4000, "title": "警" * 200, "labels": labels})
            seen = AlertSeen(f"{number}", "firing", "warning", 1000.5 + number, f"{1000.5 + number:.6f}")
            await alerts.door.take(notice, seen, org=alerts.org, channel=CHANNEL)

        await asyncio.gather(*(say(number) for number in range(90)))
        await alerts.until(lambda: len({f.entry.fingerprint for one in alerts.shown for f in one.faces}) == 90)
        await alerts.until(lambda: bool(alerts.opened))


async def test_what_would_be_too_large_for_one_signal_goes_in_several(temporal: Client) -> None:
    async with alerting(temporal, working=False) as alerts:
        desks = DeskDoor(temporal, alerts.door.task_queue)
        large = [entry_of(alerts.org, number, title="警" * 20_000) for number in range(50)]
        await asyncio.gather(*(desks.enter(entry) for entry in [*large, entry_of(alerts.org, 99)]))


async def test_the_estate_is_asked_in_parts_that_temporal_takes(temporal: Client) -> None:
    async with alerting(temporal, group_seconds=2.0) as alerts:
        # More than one part, and less than a desk keeps when it hands on: on a slow machine it does so meanwhile.
        large = [sign(replace(entry_of(alerts.org, number), names=["警" * 10_000]), KEY) for number in range(40)]
        await asyncio.gather(*(alerts.enter(entry) for entry in large))
        await alerts.until(lambda: sum(len(asked.alerts) for asked in alerts.asked) >= 40)
        assert len(alerts.asked) > 1
        assert max(len(TypeAdapter(RelateInput).dump_json(asked)) for asked in alerts.asked) < 600_000


async def test_a_desk_goes_on_anew_while_plans_wait_and_hears_how_they_end(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("first", severity="critical")
        await alerts.until(lambda: alerts.looked_into() == [["first"]])
        await alerts.end(1, "wait")
        await alerts.says("second")
        await alerts.until(lambda: alerts.looked_into() == [["first"], ["second"]])
        await alerts.until(lambda: "Being looked into" in alerts.cards().get("second", ""))
        await make_it_long(alerts)
        state = await alerts.desk()
        assert [(group.state, group.waits) for group in state.groups.values()] == [
            ("running", True),
            ("running", False),
        ]
        await alerts.says("third")
        await alerts.until(lambda: "Waits" in alerts.cards().get("third", ""))
        await asyncio.sleep(0.5)
        assert len(alerts.opened) == 2, "the second one has its turn still"
        await alerts.end(2)
        await alerts.until(lambda: alerts.looked_into() == [["first"], ["second"], ["third"]])
        await alerts.end(1)
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["first"])
        await alerts.until(lambda: "A deploy did it." in alerts.cards()["second"])


async def test_a_state_larger_than_temporal_takes_is_cut_when_it_is_handed_on(temporal: Client) -> None:
    async with alerting(temporal, group_seconds=0.3) as alerts:
        large = [entry_of(alerts.org, number, title="警" * 10_000) for number in range(80)]
        await asyncio.gather(*(alerts.enter(entry) for entry in large))
        await alerts.until(lambda: bool(alerts.opened))
        await make_it_long(alerts)
        kept = await alerts.desk()
        assert 20 < len(kept.dockets) < 80
        assert alerts.opened[0].entries[0].fingerprint in kept.dockets, "what is being looked into stays"


async def test_what_comes_while_a_desk_hands_on_is_not_lost(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        await alerts.says("a0")
        await alerts.until(lambda: "a0" in alerts.cards())
        await asyncio.gather(make_it_long(alerts), *(alerts.says(f"a{number}") for number in range(1, 20)))
        await alerts.until(lambda: len(alerts.cards()) == 20)


async def test_a_desk_that_somebody_else_tells_of_is_not_believed(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        forged = entry_of(alerts.org, 7, title="forged")
        await temporal.start_workflow(
            TriageWorkflow.run,
            DeskStart(alerts.org, CHANNEL, carried=DeskState(dockets={forged.fingerprint: Docket(forged, 1)})),
            id=f"{alerts.org}.triage.{CHANNEL}",
            task_queue=alerts.door.task_queue,
        )
        await alerts.says("real")
        await alerts.until(lambda: "real" in alerts.cards())
        assert set((await alerts.desk()).dockets) == {alerts.entries[0].fingerprint}


async def test_a_desk_writes_no_history_while_it_only_waits(temporal: Client) -> None:
    async with alerting(temporal, storm_alerts=2, parallel=5, storm_investigations=1, window_seconds=2) as alerts:
        await asyncio.gather(*(alerts.says(f"a{number}") for number in range(4)))
        await alerts.until(lambda: len(alerts.opened) >= 4)
        await asyncio.sleep(3)
        handle = temporal.get_workflow_handle(f"{alerts.org}.triage.{CHANNEL}")
        before = (await handle.describe()).history_length
        await asyncio.sleep(11)
        assert (await handle.describe()).history_length - before <= 12, "at most one edit of the storm's message"


async def test_a_card_that_slack_refuses_stops_no_other_alert(temporal: Client) -> None:
    async with alerting(temporal) as alerts:
        alerts.refused.add("bad")
        await alerts.says("bad", severity="critical", message=False)
        await alerts.says("odd")
        await alerts.until(lambda: alerts.looked_into() == [["odd"]])
        state = await alerts.desk()
        assert [(one.entry.title, one.refused, one.refusals) for one in state.dockets.values()] == [
            ("bad", "invalid_blocks", 1),
            ("odd", "", 0),
        ]


def test_a_state_that_is_too_large_is_cut_where_it_is_of_least_use() -> None:
    desk = DeskState()
    names = ["over", "done", "along", "mild", "bad", "lead"]
    for at, name in enumerate(names):
        entry = entry_of("T1", at, title=name, severity="critical" if name == "bad" else "warning")
        desk.dockets[entry.fingerprint] = Docket(
            replace(entry, status="resolved" if name == "over" else "firing"), at, group={"done": 1}.get(name, 2)
        )
    by_name = {docket.entry.title: docket for docket in desk.dockets.values()}
    prints = {name: docket.entry.fingerprint for name, docket in by_name.items()}
    by_name["mild"].group = by_name["bad"].group = None
    desk.groups[1] = Group(1, [], [prints["done"]], NOW, state="done")
    desk.groups[2] = Group(2, [], [prints[name] for name in ("over", "along", "lead")], NOW, state="running")
    desk.groups[2].lead = prints["lead"]
    desk.storm = Storm("s", NOW, list(desk.dockets))
    size = len(TypeAdapter(DeskState).dump_json(desk))
    left = list[set[str]]()
    for most in (size, *(size * part // 6 for part in range(5, 0, -1)), 0):
        fit(desk, most)
        assert len(TypeAdapter(DeskState).dump_json(desk)) <= most + 600
        assert desk.storm.left_out == len(names) - len(desk.dockets)
        left.append({docket.entry.title for docket in desk.dockets.values()})
    assert left[0] == set(names)
    gone = [name for before, after in pairwise(left) for name in sorted(before - after)]
    assert sorted(gone[:2]) == ["done", "over"]
    assert gone[2:] == ["along", "mild", "bad", "lead"]
    assert 1 not in desk.groups


def test_what_is_old_and_over_is_forgotten_and_nothing_else() -> None:
    now = datetime.now(UTC)
    old = (now - timedelta(days=3)).isoformat()
    desk = DeskState()
    new = now.isoformat()
    for number, (group, triaged, at) in enumerate(
        [(1, False, old), (2, False, old), (2, False, new), (None, True, old), (None, False, old), (3, False, old)]
    ):
        entry = replace(entry_of("T1", number), changed_at=at)
        desk.dockets[entry.fingerprint] = Docket(entry, number, group=group, triaged=triaged)
    names = list(desk.dockets)
    desk.groups = {
        1: Group(1, [], [names[0]], NOW, state="done"),
        2: Group(2, [], [names[1], names[2]], NOW, state="done"),
        3: Group(3, [], [names[5], names[2]], NOW, state="waiting"),
        4: Group(4, [], [names[2]], NOW, state="skipped"),
    }
    desk.storm = Storm("s", NOW, [names[0]], over=True)
    forget(desk, now=now, after=timedelta(days=1))
    assert list(desk.dockets) == [names[1], names[2], names[4], names[5]]
    assert sorted(desk.groups) == [2, 3], "one that all of its alerts have left is gone"
    assert desk.storm is None


def test_an_alert_that_is_kept_names_no_group_that_is_forgotten() -> None:
    """What stands in the storm's message is counted by its groups."""
    now = datetime.now(UTC)
    old = replace(entry_of("T1", 1), changed_at=(now - timedelta(days=3)).isoformat())
    new = replace(entry_of("T1", 2), changed_at=now.isoformat())
    desk = DeskState(dockets={old.fingerprint: Docket(old, 1, group=2), new.fingerprint: Docket(new, 2, group=1)})
    desk.groups = {
        1: Group(1, [], [new.fingerprint, old.fingerprint], NOW, state="skipped"),
        2: Group(2, [], [old.fingerprint], NOW, state="done", lead=old.fingerprint),
    }
    desk.storm = Storm("s", NOW, list(desk.dockets), over=True)
    forget(desk, now=now, after=timedelta(days=1))
    assert (sorted(desk.groups), sorted(desk.dockets)) == ([1], sorted([old.fingerprint, new.fingerprint]))
    kept = desk.dockets[old.fingerprint]
    assert (kept.group, kept.triaged) == (None, True), "looked into, and not put into a group anew"
    kept.refused = desk.dockets[new.fingerprint].refused = "invalid_blocks"  # so that the storm is asked about
    assert not Showing(desk, "T1", CHANNEL).rests


@pytest.mark.parametrize(("task", "kept"), [("", []), ("T1.begun", [1])])
def test_a_group_without_alerts_is_kept_only_to_be_followed(task: str, kept: list[int]) -> None:
    """The desk goes on as another run while a task is being opened, and puts the group back to those that wait."""
    entry = replace(entry_of("T1", 1), status="resolved")
    desk = DeskState(dockets={entry.fingerprint: Docket(entry, 1, group=1)})
    desk.groups[1] = Group(1, [], [entry.fingerprint], NOW, state="running", task_id=task)
    assert fit(desk, 10) == 1
    assert list(desk.groups) == kept
    if not task:
        Inquiries(desk, "T1", CHANNEL).take_up()
    assert [urgency(desk, group) for group in desk.groups.values() if group.state == "waiting"] == []
