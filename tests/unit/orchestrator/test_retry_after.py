"""Retry-After in each form that providers send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents.orchestrator._retry_after import retry_after

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


class Refusal(Exception):
    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("no")
        self.headers = headers


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Thu, 26 Nov 2026 10:01:00 GMT"}, 60),
        ({"retry-after": "Thu, 26 Nov 2026 09:00:00 GMT"}, 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(Refusal(headers), now=NOW) == seconds
