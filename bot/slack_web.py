"""The Slack Web API, typed: one call, paced, and two kinds of errors. The SDK's own types stop here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.pacing import Haste, Pacer
from bot.telemetry.slack import CountedCalls
from bot.tenants.client import NotInstalled, like
from tools.contracts.common import JsonObject

_RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
_TRANSIENT: Final = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


BLOCKS_REFUSED: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
"""What Slack says of a message whose blocks it does not take: the same words without them may be let through."""

NOT_INSTALLED: Final = "not_installed"
"""Not Slack's name: the workspace removed the app, and there is nobody to say anything to."""


def ignore() -> None:
    """Nothing."""


class SlackRetryable(Exception):
    """Slack did not answer, or asked to wait. Whether the call took effect is unknown: look before posting again."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds Slack asked to wait; None: it did not say."""


class SlackRefused(Exception):
    """Slack said no, and would again. `error`: its own name for it, e.g. `channel_not_found`."""

    def __init__(self, error: str, details: str = "") -> None:
        super().__init__(f"Slack refused: {error}{f' ({details})' if details else ''}. Nothing was written.")
        self.error = error


class _Client(Protocol):
    async def api_call(
        self, method: str, /, *, json: JsonObject | None = None, params: JsonObject | None = None
    ) -> _Response: ...


class _Response(Protocol):
    @property
    def data(self) -> object: ...
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str | list[str]]: ...


class SlackWeb:
    """Calls as one bot. Built on a client of its own without the SDK's retries, which send a post again when only its
    answer was lost."""

    def __init__(self, client: AsyncWebClient, *, pacer: Pacer) -> None:
        own = like(
            client,
            timeout=min(client.timeout, 10),  # seconds; a write step has 20
            retry_handlers=[each for each in client.retry_handlers if isinstance(each, CountedCalls)],
        )
        self._client = cast("_Client", own)
        self._pacer = pacer

    def is_free(self, method: str) -> bool:
        """Whether a write by this method would not have to wait for others of its kind."""
        return self._pacer.is_free(method)

    def claim(self, method: str) -> bool:
        """Take this method's turn for a write that follows with `claimed`; False: it would have to wait."""
        return self._pacer.claim(method)

    async def write(
        self,
        method: str,
        arguments: JsonObject,
        *,
        channel: str | None = None,
        haste: Haste = "now",
        claimed: bool = False,
        on_turn: Callable[[], None] = ignore,
        latest: Callable[[], JsonObject] = dict,
    ) -> JsonObject:
        """Wait for the channel's turn, then call. After a 429 everyone keeps off for as long as Slack asks.

        `channel`: where it is not among the arguments under that name. The hastier go first. `on_turn`: called between
        the two; a caller that is cancelled before has written nothing. `latest`: asked then for arguments that say how
        things stand, so that what happened during the wait is in this write and not in the next. Raises
        :class:`SlackRetryable` or :class:`SlackRefused`, nothing else.
        """
        channel = str(arguments["channel"]) if channel is None else channel
        await self._pacer.turn(channel, method, haste=haste, claimed=claimed)
        on_turn()
        try:
            return await self._call(method, json=_without_none({**arguments, **latest()}))
        except SlackRetryable as error:
            if error.retry_after is not None:
                self._pacer.hold(channel, method, error.retry_after)
            raise

    async def mark(self, method: str, arguments: JsonObject) -> None:
        """Call a method that leaves no message anywhere, so that nobody waits for its turn. Raises like
        :meth:`write`."""
        await self._call(method, json=_without_none(arguments))

    async def read(self, method: str, arguments: JsonObject) -> JsonObject:
        """Call a method that only reads. Raises like :meth:`write`."""
        return await self._call(method, params=_without_none(arguments))

    async def _call(
        self, method: str, *, json: JsonObject | None = None, params: JsonObject | None = None
    ) -> JsonObject:
        try:
            response = await self._client.api_call(method, json=json, params=params)
        except SlackApiError as error:
            raise _named(cast("object", error.response)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackRetryable(f"Slack cannot be reached: {type(error).__name__} {error}".strip()) from error
        except NotInstalled as error:
            raise SlackRefused(NOT_INSTALLED, str(error)) from error
        except SlackClientError as error:
            raise SlackRefused("invalid_request", str(error)[:300]) from error
        return _body(response)


def listed(value: object) -> list[JsonObject]:
    """The objects of a JSON list; what is not one is left out."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("JsonObject", item) for item in found if isinstance(item, dict)]


def child(value: JsonObject, key: str) -> JsonObject:
    """The object under a key; empty when there is none."""
    found: object = value.get(key)
    return cast("JsonObject", found) if isinstance(found, dict) else {}


def _named(answer: object) -> SlackRetryable | SlackRefused:
    if not isinstance(answer, AsyncSlackResponse):
        return SlackRetryable("Slack's answer could not be read")
    response = cast("_Response", answer)
    body = _body(response)
    name = str(body.get("error") or f"http_{response.status_code}")
    if response.status_code == 429 or name in _RATE_LIMITED:
        return SlackRetryable("Slack asked to wait", retry_after=_retry_after(response))
    if response.status_code >= 500 or name in _TRANSIENT or not body:
        return SlackRetryable(f"Slack answered {response.status_code} {name}")
    messages: Any = child(body, "response_metadata").get("messages")
    details = [str(item) for item in cast("list[object]", messages)] if isinstance(messages, list) else []
    return SlackRefused(name, "; ".join(details)[:600])


def _retry_after(response: _Response) -> float:
    for name, value in response.headers.items():
        if name.lower() == "retry-after":
            first = value if isinstance(value, str) else value[0]
            return float(first) if first.strip().isdecimal() else 1.0
    return 1.0


def _body(response: _Response) -> JsonObject:
    return cast("JsonObject", response.data) if isinstance(response.data, dict) else {}


def _without_none(arguments: JsonObject) -> JsonObject:
    return {name: value for name, value in arguments.items() if value is not None}
