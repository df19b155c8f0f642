"""What people do in the town beside the demo's steps, and what can be seen of what came of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.local.parts import PartName
from bot.local.slack.seed import BOT_ID, BOT_USER_ID
from bot.local.stage import Said, Stage
from bot.redaction import is_array, is_object
from bot.workflows.messages import TaskResult, TaskState
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Served, Town, until
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

QUESTION = "One question before I go on"
ACKNOWLEDGED = "Working on it"
WAITING = "Waiting."

_PING = re.compile(r"<!(?!date\^)|<@(\w+)|<(?:https?|mailto):|(?<![\w.])@(?:channel|here|everyone|group)\b")


@dataclass(frozen=True)
class Square:
    """One town for many tests: each says things in threads of its own."""

    town: Town
    served: Served
    """The bot and the worker."""

    @property
    def stage(self) -> Stage:
        return self.town.stage

    async def act(self, path: str, **body: object) -> JsonObject:
        """As somebody in the workspace; what was refused is in the answer."""
        async with self.stage.http.post(f"{self.stage.base}local/{path}", json=body) as response:
            answer: JsonObject = await response.json()
        return answer

    async def look(self, path: str, **params: str) -> JsonObject:
        async with self.stage.http.get(f"{self.stage.base}local/{path}", params=params) as response:
            answer: JsonObject = await response.json()
        return answer

    async def say(self, user: str, channel: str, text: str, *, thread: Said | None = None) -> Said:
        """In the channel, or as a reply in a thread."""
        reply = {"thread_ts": thread.ts} if thread else {}
        answer = await self.act("say", user=user, channel=channel, text=text, **reply)
        assert answer["ok"], answer
        return Said(str(answer["channel"]), str(answer["ts"]))

    async def hears(self, said: Said, has: str, *, viewer: str = "ada", seconds: float = 60) -> JsonObject:
        """The newest message of the thread that holds `has`, once there is one."""
        return await self.stage.until(said, viewer, has=has, seconds=seconds, what=f"{has!r}")

    async def command(self, user: str, text: str) -> Said:
        """`/gavel ask` in #ops: the thread that opens."""
        answer = await self.act("command", user=user, channel="ops", text=f"ask {text}")
        assert answer["acked"], answer
        async with asyncio.timeout(30):
            while True:
                for message in self.written():
                    if not message["thread_ts"] and f"asked: {text[:10]}" in message["text"]:
                        return Said(str(message["channel"]), str(message["ts"]))
                await asyncio.sleep(0.1)

    async def alert(self, text: str) -> Said:
        """In #alerts, by Alertmanager."""
        answer = await self.act(
            "alert", channel="alerts", attachments=[{"title": f"[FIRING:1] {text.splitlines()[0]}", "text": text}]
        )
        return Said(str(answer["channel"]), str(answer["ts"]))

    async def thread(self, said: Said, *, viewer: str = "ada") -> list[JsonObject]:
        return await self.stage.thread(said, viewer)

    async def envelopes(self, *, newest: int = 20) -> list[JsonObject]:
        """The newest delivery attempts, oldest first."""
        stats = await self.look("stats", envelopes=str(newest))
        return list(stats["envelopes"])

    def task(self, said: Said) -> str:
        """The workflow id of what was asked there. A slash command's is on the first message, which is the bot's."""
        for message in self.written():
            if (message["channel"], message["ts"]) == (said.channel, said.ts):
                return str(message["metadata"]["event_payload"]["task"])
        return f"{self.town.stack.org}.{said.channel}.{said.ts}"

    async def result(self, said: Said, *, seconds: float = 60) -> TaskResult:
        handle = self.town.temporal.get_workflow_handle_for(TaskWorkflow.run, self.task(said))
        return await asyncio.wait_for(handle.result(), seconds)

    async def state(self, said: Said) -> TaskState:
        """Of a running task, every signal before this question weighed."""
        handle = self.town.temporal.get_workflow_handle_for(TaskWorkflow.run, self.task(said))
        return await handle.query(TaskWorkflow.task_state)

    async def delivered(self, event: str, *, attempt: int, seconds: float = 30) -> None:
        """Wait until the bot acknowledged a delivery of this kind that Slack made again."""

        async def acknowledged() -> bool:
            return any(
                envelope["event_type"] == event and envelope["attempt"] == attempt and envelope["acked_at"]
                for envelope in await self.envelopes()
            )

        await until(acknowledged, seconds=seconds, what=f"Delivery {attempt + 1} of {event}")

    async def tasks(self) -> set[str]:
        """Every task there ever was."""
        return {found.id async for found in self.town.temporal.list_workflows("WorkflowType = 'gavel-task'")}

    async def recorded(self, said: Said, kind: LedgerKind) -> list[JsonObject]:
        """What the ledger says of the task."""
        return await self.town.bodies(self.task(said), kind)

    async def images(self, environment: str, role: str) -> dict[str, str | None]:
        """Asset id → image version, of some servers of the estate."""
        estate = await self.town.estate.snapshot(self.town.stack.org)
        return {
            name: asset.image_version
            for name, asset in estate.items()
            if asset.environment == environment and asset.tags.get("role") == role
        }

    @asynccontextmanager
    async def without(self, part: PartName) -> AsyncGenerator[None]:
        """An outage of one part."""
        await self.town.stack.processes.halt(part)
        try:
            yield
        finally:
            await self.town.stack.processes.resume(part)

    @asynccontextmanager
    async def faults(self, **faults: object) -> AsyncGenerator[None]:
        """Something goes wrong in the workspace."""
        assert (await self.act("faults", **faults))["ok"]
        try:
            yield
        finally:
            await self.act("faults", clear=True)

    @asynccontextmanager
    async def impatient(self) -> AsyncGenerator[None]:
        """Slack waits as long as ever, but delivers again after half a second, and again."""
        assert (await self.act("delivery", retry_seconds=[0.5] * 20))["ok"]
        try:
            yield
        finally:
            await self.act("delivery", retry_seconds=[0, 60, 300])

    @asynccontextmanager
    async def models(self, kind: str, **fault: object) -> AsyncGenerator[None]:
        """Something goes wrong with the models."""
        url = f"{self.town.stack.part('llm').address}/local/faults"
        async with self.stage.http.post(url, json={"kind": kind, **fault}) as response:
            assert response.status == 201
        try:
            yield
        finally:
            async with self.stage.http.delete(url) as response:
                assert response.status == 200

    def written(self) -> list[JsonObject]:
        """Everything the bot ever wrote into the workspace: each version of each message, those to one person too."""
        journal = (self.town.stack.settings.data_dir / "slack" / "journal.jsonl").read_text(errors="surrogateescape")
        entries: list[tuple[str, JsonObject]] = [json.loads(line) for line in journal.splitlines()]
        return [value for key, value in entries if key.startswith("message:") and value.get("bot_id") == BOT_ID]

    def written_to(self, said: Said) -> list[JsonObject]:
        return [message for message in self.written() if message["thread_ts"] == said.ts]


def pings(message: JsonObject, *, allowed: frozenset[str] = frozenset()) -> list[str]:
    """What in a message would ping somebody, or is a link. `allowed`: people it may name."""
    return [
        text
        for text in strings([message["text"], message["blocks"], message.get("stream"), message["attachments"]])
        for found in _PING.finditer(text)
        if found[1] is None or found[1] not in allowed | {BOT_USER_ID}
    ]


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, however deep."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        yield from strings(list(value.values()))
    elif is_array(value):
        for inner in value:
            yield from strings(inner)
