"""When a provider wants to be asked again (RFC 9110, 10.2.3): in seconds, or at a date; Azure also in milliseconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def retry_after(error: Exception, *, now: datetime) -> float | None:
    """Seconds from now, never negative; None: it did not say, or nothing that can be read."""
    for headers in _headers(error):
        exact = _number(headers.get("retry-after-ms"))
        if exact is not None:
            return exact / 1000
        value: Any = headers.get("retry-after")
        if (seconds := _number(value)) is not None:
            return seconds
        if isinstance(value, str) and (date := _date(value)) is not None:
            return max((date - now).total_seconds(), 0.0)
    return None


def _headers(error: Exception) -> Iterator[Any]:
    """litellm keeps them apart from the response, or on it, or on an error of its own."""
    response: Any = getattr(error, "response", None)
    for headers in (
        getattr(error, "litellm_response_headers", None),
        getattr(error, "headers", None),
        getattr(response, "headers", None),
    ):
        if headers:
            yield headers


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
