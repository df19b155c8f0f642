"""What must answer before Gavel can start, and the sentence for when it does not."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.local.errors import StackError
from bot.redaction import redact

AWAY = (SlackApiError, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)
"""`RuntimeError` is what Temporal's client raises when it cannot connect."""


@contextmanager
def needed(what: str) -> Generator[None]:
    """Around a first question to a server. Raises :class:`StackError`, which a person can put right, for its errors.

    `what`: who did not do what, e.g. `Slack did not say who this bot is`.
    """
    try:
        yield
    except AWAY as error:
        why = " ".join(redact(str(error)).text.split())[:300] or type(error).__name__
        raise StackError(f"{what}: {why}. Gavel does not run; `gavel doctor` says what is wrong.") from error
