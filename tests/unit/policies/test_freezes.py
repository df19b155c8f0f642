"""Freezes and weekly blocked windows. Mistake 12 before us: "monday" never met "Monday", overnight never matched."""

from __future__ import annotations

import pytest

from policies.build import open_engine
from policies.bundle import load_bundle
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import execution_document
from tests.unit.policies.opa_server import OpaServer
from tests.unit.policies.plans import ORG
from tools.contracts.common import JsonObject

ONCE: JsonObject = {
    "org": ORG,
    "environment": "production",
    "reason": "year end",
    "start": "2026-11-24T09:00:00Z",
    "end": "2026-11-24T11:00:00Z",
}


def weekly(days: list[str], start: str, end: str, zone: str = "UTC", **more: str) -> JsonObject:
    return {
        "org": ORG,
        "environment": "production",
        "reason": "office hours",
        "weekdays": days,
        "from": start,
        "to": end,
        "time_zone": zone,
        **more,
    }


# 2026-11-24 is a Tuesday; 10:00 UTC is 11:00 in Berlin, 19:00 in Tokyo and 05:00 in New York.
CASES: list[tuple[str, str, JsonObject, bool]] = [
    ("once", "2026-11-24T10:00:00Z", ONCE, True),
    ("at its end", "2026-11-24T11:00:00Z", ONCE, False),
    ("in another zone", "2026-11-24T11:59:00+02:00", ONCE, True),
    ("every org", "2026-11-24T10:00:00Z", {**ONCE, "org": "*"}, True),
    ("every environment", "2026-11-24T10:00:00Z", {**ONCE, "environment": "*"}, True),
    ("another org", "2026-11-24T10:00:00Z", {**ONCE, "org": "T0OTHER"}, False),
    ("another environment", "2026-11-24T10:00:00Z", {**ONCE, "environment": "staging"}, False),
    ("lower case", "2026-11-24T10:00:00Z", weekly(["tuesday"], "09:00", "17:00"), True),
    ("capitals", "2026-11-24T10:00:00Z", weekly(["TUESDAY"], "09:00", "17:00"), True),
    ("another day", "2026-11-24T10:00:00Z", weekly(["Monday"], "09:00", "17:00"), False),
    ("before it", "2026-11-24T08:59:59Z", weekly(["Tuesday"], "09:00", "17:00"), False),
    ("at its first minute", "2026-11-24T09:00:00Z", weekly(["Tuesday"], "09:00", "17:00"), True),
    ("at its last", "2026-11-24T17:00:00Z", weekly(["Tuesday"], "09:00", "17:00"), False),
    ("overnight, the evening", "2026-11-24T23:30:00Z", weekly(["Tuesday"], "22:00", "04:00"), True),
    ("overnight, the morning after", "2026-11-25T03:59:00Z", weekly(["Tuesday"], "22:00", "04:00"), True),
    ("overnight, its end", "2026-11-25T04:00:00Z", weekly(["Tuesday"], "22:00", "04:00"), False),
    ("overnight, the morning before", "2026-11-24T03:00:00Z", weekly(["Tuesday"], "22:00", "04:00"), False),
    ("overnight, Sunday to Monday", "2026-11-23T01:00:00Z", weekly(["Sunday"], "22:00", "04:00"), True),
    ("a whole day", "2026-11-24T00:00:00Z", weekly(["Tuesday"], "00:00", "00:00"), True),
    ("the day is the zone's", "2026-11-24T23:30:00Z", weekly(["wednesday"], "00:00", "02:00", "Europe/Berlin"), True),
    ("the hour is the zone's", "2026-11-24T10:00:00Z", weekly(["tuesday"], "19:00", "20:00", "Asia/Tokyo"), True),
    ("not UTC's hour", "2026-11-24T10:00:00Z", weekly(["tuesday"], "10:00", "11:00", "America/New_York"), False),
    ("summer time", "2026-07-07T21:30:00Z", weekly(["tuesday"], "23:00", "23:59", "Europe/Berlin"), True),
    ("winter time", "2026-11-24T21:30:00Z", weekly(["tuesday"], "23:00", "23:59", "Europe/Berlin"), False),
]


async def _rules(server: OpaServer, freezes: object, now: str) -> list[str]:
    """What both engines refuse by; they must agree."""
    bundle = load_bundle({"freezes": freezes})
    document = execution_document()
    document["now"] = now
    document["plan"]["maintenance_window"] = {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    opa = await open_engine(server.url, bundle=bundle, timeout_seconds=5)
    by_opa = await opa.decide("ql.ai.execution", document)
    await opa.aclose()
    assert by_opa == await RegorusEngine(bundle).decide("ql.ai.execution", document)
    return [entry["rule"] for entry in by_opa["deny"]]


@pytest.mark.parametrize(("now", "freeze", "frozen"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_freeze_stops_execution_exactly_while_it_lasts(
    now: str, freeze: JsonObject, frozen: bool, own_opa_server: OpaServer
) -> None:
    assert await _rules(own_opa_server, [freeze], now) == (["execution.frozen"] if frozen else [])


UNREADABLE: list[JsonObject] = [
    {key: value for key, value in ONCE.items() if key != "end"},
    {key: value for key, value in ONCE.items() if key != "org"},
    {**ONCE, "environment": "prod"},
    {**ONCE, "start": 5},
    weekly([], "09:00", "17:00"),
    weekly(["Tuesday", "Freitag"], "09:00", "17:00"),
    weekly(["Tuesday"], "9", "17:00"),
    weekly(["Tuesday"], "09:00", "24:00"),
    {key: value for key, value in weekly(["Tuesday"], "09:00", "17:00").items() if key != "time_zone"},
]


@pytest.mark.parametrize("freeze", UNREADABLE)
async def test_a_freeze_that_cannot_be_read_stops_everything(freeze: JsonObject, own_opa_server: OpaServer) -> None:
    assert await _rules(own_opa_server, [freeze], "2020-01-01T00:00:00Z") == ["data.freezes"]


@pytest.mark.parametrize("freezes", [None, {}, "none", ["all"], [None]])
async def test_freezes_that_are_no_list_of_freezes_stop_everything(freezes: object, own_opa_server: OpaServer) -> None:
    assert await _rules(own_opa_server, freezes, "2026-11-24T10:00:00Z") == ["data.freezes"]
