"""The one method of slack_sdk's client that everything else is made of, with a type, and answers that are Slack's."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.redaction import is_object


class SlackApi(Protocol):
    """`AsyncWebClient.api_call`: the SDK leaves its keyword dictionaries untyped."""

    def api_call(
        self, api_method: str, *, params: dict[str, Any] | None = None, json: dict[str, Any] | None = None
    ) -> Awaitable[AsyncSlackResponse]:
        """One Web API call. Raises `SlackApiError` when Slack answers `ok: false`."""
        ...


class StrictClient(AsyncWebClient):
    """The SDK's client, whose every answer is a JSON object or an error."""

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """As the SDK's. Raises `SlackApiError` also for a 200 that is none: the SDK takes it for one, and stumbles."""
        sdk: Any = super()
        nothing: dict[str, Any] = {}
        try:
            answer: Any = await sdk.api_call(api_method, **given)
        except (AttributeError, UnicodeDecodeError) as error:
            raise SlackApiError("The answer is no JSON object.", nothing) from error
        if not is_object(answer.data):
            raise SlackApiError("The answer is no JSON object.", nothing)
        return answer


def name_of(error: SlackApiError) -> str:
    """Slack's own name for why not, e.g. `token_expired`. Empty: the answer was not Slack's but, say, a proxy's, or
    broken JSON, for which the SDK's `response["error"]` raises. Nothing else of it: it may hold a token."""
    answer: Any = error.response
    data: object = getattr(answer, "data", None)  # aiohttp's answer, which has none, where JSON was broken
    return str(data.get("error") or "")[:80] if is_object(data) else ""
