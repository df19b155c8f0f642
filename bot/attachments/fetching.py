"""Fetches a file from Slack's own host and from nowhere else: the address comes with data that others influence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from bot.attachments.recognising import FileRefused
from bot.slack_web import SlackRetryable
from tools.outbound import Outbound, OutboundRefused, Reach, origin_of

SECONDS = 15.0
"""For one file, all of it."""

PIECE_BYTES = 64 * 1024

_HOSTS = {"slack.com": "https://files.slack.com", "slack-gov.com": "https://files.slack-gov.com"}


def file_origin(api_url: str) -> str:
    """Where files of the workspace behind this API are: Slack's file host, or for a workspace elsewhere its own."""
    parts = urlsplit(api_url)
    return _HOSTS.get((parts.hostname or "").removeprefix("www."), origin_of(api_url))


def reach_of(origin: str) -> Reach:
    """Slack itself is on the internet; a workspace elsewhere is where whoever runs Gavel has it."""
    return "public" if origin in _HOSTS.values() else "configured"


@dataclass(frozen=True)
class Fetcher:
    """Fetches as one bot."""

    token: str | Callable[[], Awaitable[str]] = field(repr=False)
    """Or who is asked for the one that is good now."""
    origin: str
    """Scheme, host and port. Nothing is asked of any other: the token would go there."""

    async def fetch(self, url: str, *, most_bytes: int) -> bytes:
        """The file's bytes.

        Raises :class:`FileRefused` for an address elsewhere, a redirect, a sign-in page or more than `most_bytes`, and
        `SlackRetryable` where Slack does not answer.
        """
        try:
            token = self.token if isinstance(self.token, str) else await self.token()
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                Outbound(self.origin, reach_of(self.origin), timeout_seconds=SECONDS, trust_env=True) as slack,
                slack.request("GET", url, headers=headers) as response,
            ):
                _check(response)
                return await _at_most(response, most_bytes)
        except OutboundRefused as refused:
            elsewhere = "It is kept outside Slack, and addresses elsewhere are not fetched. Upload the file."
            raise FileRefused(elsewhere) from refused
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackRetryable(f"Slack did not hand out a file: {type(error).__name__} {error}".strip()) from error


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status == 429 or response.status >= 500:
        after = response.headers.get("Retry-After", "")
        wait = float(after) if after.isdecimal() else None
        raise SlackRetryable(f"Slack answered {response.status} for a file", retry_after=wait)
    if 300 <= response.status < 400 or response.status in {401, 403}:
        # Slack sends whoever may not read a file to its sign-in page.
        raise FileRefused("Slack did not hand it out. Whoever runs Gavel can grant it `files:read`.")
    if response.status != 200:
        raise FileRefused(f"Slack no longer has it (it answered {response.status}).")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FileRefused("Slack sent it in an encoding that is not read.")


async def _at_most(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """What a server says of a length is not believed: it is counted as it comes."""
    whole = bytearray()
    async for piece in response.content.iter_chunked(PIECE_BYTES):
        whole += piece
        if len(whole) > most_bytes:
            raise FileRefused(f"It is larger than {most_bytes / 1e6:.1f} MB. Send a smaller one.")
    return bytes(whole)
