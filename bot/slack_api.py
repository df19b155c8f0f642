"""The one method of slack_sdk's client that everything else is made of, with a type."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from slack_sdk.web.async_slack_response import AsyncSlackResponse


class SlackApi(Protocol):
    """`AsyncWebClient.api_call`: the SDK leaves its keyword dictionaries untyped."""

    def api_call(
        self, api_method: str, *, params: dict[str, Any] | None = None, json: dict[str, Any] | None = None
    ) -> Awaitable[AsyncSlackResponse]:
        """One Web API call. Raises `SlackApiError` when Slack answers `ok: false`."""
        ...
