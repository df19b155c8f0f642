"""What a task waits for that is not Gavel, answering at once: Slack's Web API, the models, a person's click."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ToolUse
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.request_body import request_body
from bot.blocks.actions import APPROVE
from bot.local.rehearsal.brain import answer
from bot.local.rehearsal.conversation import read_request
from bot.local.slack.seed import BOT_ID, BOT_USER_ID, TEAM_ID
from tests.whole.effects import put
from tools.contracts.common import JsonObject

APPROVER = "U0GRACE001"
ASKER = "U0ADA00001"
GROUPS = [{"handle": "gavel-operators", "users": [ASKER]}, {"handle": "gavel-approvers", "users": [APPROVER]}]


@dataclass
class InstantSlack:
    """Keeps the bot's messages by thread, so that what looks before it posts finds them."""

    click: Callable[[JsonObject], None]
    """Called with a `block_actions` body as soon as there is a card to approve."""
    threads: dict[tuple[str, str], list[JsonObject]] = field(default_factory=dict[tuple[str, str], list[JsonObject]])
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def install(self) -> None:
        """In the place of every Web API client's calls."""

        async def api_call(_client: object, method: str, **given: Any) -> AsyncSlackResponse:
            data = {"ok": True, **self._answer(method, given.get("json") or given.get("params") or {})}
            return AsyncSlackResponse(
                client=_client, http_verb="POST", api_url=method, req_args={}, data=data, headers={}, status_code=200
            )

        put(AsyncWebClient, "api_call", api_call)

    def _answer(self, method: str, given: JsonObject) -> JsonObject:
        match method:
            case "auth.test":
                return {"team_id": TEAM_ID, "user_id": BOT_USER_ID, "bot_id": BOT_ID}
            case "usergroups.list":
                return {"usergroups": GROUPS}
            case "conversations.replies":
                return {"messages": self.threads.get((given["channel"], given["ts"]), [])}
            case "chat.postMessage" | "chat.startStream":
                return self._posted(given)
            case _:
                return {}

    def _posted(self, given: JsonObject) -> JsonObject:
        ts = f"{int(time.time())}.{next(self._numbers):06d}"
        thread = self.threads.setdefault((given["channel"], given["thread_ts"]), [])
        thread.append({"ts": ts, "bot_id": BOT_ID, "metadata": given.get("metadata")})
        for element in _elements(given):
            if element.get("action_id") == APPROVE:
                self.click(
                    {
                        "team": {"id": TEAM_ID},
                        "user": {"id": APPROVER, "team_id": TEAM_ID},
                        "channel": {"id": given["channel"]},
                        "actions": [{"action_id": APPROVE, "value": element["value"]}],
                    }
                )
        return {"ts": ts}


@dataclass
class InstantModels:
    """The rehearsal models without a server and without litellm. What they take all the same is counted."""

    milliseconds: float = 0.0

    def install(self) -> None:
        async def chat(_client: object, member: Member, request: ChatRequest) -> ChatReply:
            started = time.perf_counter()
            try:
                return _reply(member, request)
            finally:
                self.milliseconds += 1000 * (time.perf_counter() - started)

        async def warm(_client: object) -> None:
            await asyncio.sleep(0)
            gc.freeze()  # as it does when litellm is imported

        put(LiteLLMClient, "chat", chat)
        put(LiteLLMClient, "warm", warm)


def _reply(member: Member, request: ChatRequest) -> ChatReply:
    body = request_body(member, request)
    said = answer(read_request({**body, "model": member.model.rpartition("/")[2]}))
    uses = [
        ToolUse(id=f"{request.key}.{number}", name=name, arguments=json.dumps(given))
        for number, (name, given) in enumerate(said.calls)
    ]
    return ChatReply(
        text=said.text, tool_uses=tuple(uses), prompt_tokens=1, completion_tokens=1, cost_usd=None, duration_ms=0
    )


def _elements(message: JsonObject) -> list[JsonObject]:
    blocks: list[JsonObject] = message.get("blocks") or []
    rows: list[list[JsonObject]] = [block.get("elements") or [] for block in blocks]
    return [element for row in rows for element in row]
