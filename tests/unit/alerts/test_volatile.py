"""What of free text makes another alert, and what only changes from one time to the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.parse import notice_of
from bot.alerts.volatile import without_values
from tests.unit.alerts.messages import from_app

VM, OTHER_VM = "3f2b1c00-1111-2222-3333-444455556666", "3f2b1c00-1111-2222-3333-444455557777"
TRACE, OTHER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f92f3577b34da6a3ce929d0e0e4736"

ONE_TROUBLE: list[tuple[str, str]] = [
    ("disk at 91 % on web-03, since 12:03:11", "disk at 97.5 % on web-03, since 23:59:59"),
    ("web-03 is down since 2026-11-26T12:03:11.123Z.", "web-03 is down since 2026-11-27 01:00:00 UTC."),
    ("Thu, 26 Nov 2026 12:03:11 GMT web-03 is down", "Fri, 27 Nov 2026 01:00:00 GMT web-03 is down"),
    ("Nov 26 12:03:11 web-03 sshd failed", "Nov  9 01:03:11 web-03 sshd failed"),
    ("The load is 4.71.", "The load is 12.03."),
    ("load average: 4.71, 3.20, 1.10 on web-03", "load average: 9.02, 8, 7.55 on web-03"),
    ("queue length is 153 > 100", "queue length is 1204 > 100"),
    ("153 errors in the last 5 minutes", "7 errors in the last 5 minutes"),
    ("used 93.2GiB on db-01", "used 99GiB on db-01"),
    ("p99 latency 1.2s", "p99 latency 1.9s"),
    ("backlog for 3 hours", "backlog for 4 hours"),
    ("slow for 3s: checkout", "slow for 17s: checkout"),
    (f"request {VM} failed", f"request {OTHER_VM} failed"),
    (f"checkout failed (trace_id={TRACE})", f"checkout failed (trace_id={OTHER_TRACE})"),
    ("checkout failed, request id: 1234", "checkout failed, request id: 98765"),
    ("FIRING: backup failed", "RESOLVED: backup failed"),
    ("CRITICAL: disk is full", "OK: disk is full"),
    ("WARNING: disk is full", "CRITICAL: disk is full"),
    ("[PROBLEM] P1 - disk is full", "[OK] disk is full"),
    (":fire: ALERT: disk is full", ":white_check_mark: RESOLVED: disk is full"),
    ("ALERT\nweb-01 is away", "OK\nweb-01 is away"),
]
TWO_TROUBLES: list[tuple[str, str]] = [
    (f"vm {VM} is away", f"vm {OTHER_VM} is away"),
    (f"volume {VM}: read-only", f"volume {OTHER_VM}: read-only"),
    ("host 00:11:22:33:44:55 is away", "host 00:11:22:33:44:56 is away"),
    ("host 10:20:30:40:50:10 is away", "host 12:20:30:40:50:10 is away"),
    ("0b:00:b0:01:00:00 is away", "1b:00:b0:01:00:00 is away"),
    ("host 0d-11-22-33-44-55 is away", "host 1d-11-22-33-44-55 is away"),
    ("host 00-11-22-33-44-55 is away", "host 00-11-22-33-44-56 is away"),
    ("fe80::10:20 is away", "fe80::10:21 is away"),
    ("rack 3.1 has no power", "rack 3.2 has no power"),
    ("postgres 14.2 does not start", "postgres 15.1 does not start"),
    ("TLS 1.1 is offered", "TLS 1.2 is offered"),
    ("10.0.0.1 is away", "10.0.0.2 is away"),
    ("10.1 is away", "10.2 is away"),
    ("web-01:8080 refuses", "web-01:8081 refuses"),
    ("cpu 3 of web-01 is offline", "cpu 4 of web-01 is offline"),
    ("web 3 m-class is away", "web 4 m-class is away"),
    ("job 7 failed", "job 8 failed"),
    ("http 500 from checkout", "http 404 from checkout"),
    ("ALERT\nweb-01 is down", "ALERT\ndb-02 is down"),
    ("disk sda1 at 91 %", "disk sdb1 at 91 %"),
]


def fingerprint(text: str) -> str:
    found = notice_of(from_app("cron", text=text))
    assert found.source == "text"
    return found.fingerprint


@pytest.mark.parametrize(("first", "second"), ONE_TROUBLE)
def test_a_number_that_only_changes_does_not_split_an_alert(first: str, second: str) -> None:
    assert fingerprint(first) == fingerprint(second)


@pytest.mark.parametrize(("first", "second"), TWO_TROUBLES)
def test_what_names_the_machine_keeps_two_alerts_apart(first: str, second: str) -> None:
    assert fingerprint(first) != fingerprint(second)


HOSTS = st.one_of(
    st.uuids().map(str),
    st.ip_addresses().map(str),
    st.from_regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", fullmatch=True),
    st.from_regex(r"(web|db|cache)-[0-9]{1,3}", fullmatch=True),
    st.from_regex(r"ip-10-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}", fullmatch=True),
)


@given(one=HOSTS, other=HOSTS, value=st.floats(0, 1e6), later=st.floats(0, 1e6))
def test_two_machines_stay_two_whatever_their_values(one: str, other: str, value: float, later: float) -> None:
    first, second = f"{one} is away, load is {value:.2f}", f"{other} is away, load is {later:.2f}"
    assert (without_values(first) == without_values(second)) is (one == other)


@given(st.text(max_size=2000))
def test_taking_them_out_twice_takes_no_more(text: str) -> None:
    once = without_values(text)
    assert without_values(once) == once
