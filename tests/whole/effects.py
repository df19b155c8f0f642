"""Every outside effect of the product's processes by name, and a process that dies at one of them.

The product's own code runs: each effect is only watched from around the method that has it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from temporalio import activity
from temporalio.client import Client, Interceptor, WorkflowHandle
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from bot import edge
from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Head
from bot.ledger.writer import ChainWriter, Write
from bot.local.estate.estate import SampleEstate
from bot.taken import TakenLately

Moment = Literal["before", "after"]

_TASK = re.compile(r"T\w+\.[CDG]\w+\.\d+\.\d+")
_ATTEMPT = re.compile(r"(?<=[:-]r\d)\.\d+|(?<=:check:)\d+\.\d+|(?<=understand:\d)\.\d+|\.\d+$")
_DIGEST = re.compile(r":[0-9a-f]{16}\b")


@dataclass(frozen=True)
class Death:
    """Where a process dies: right before or right after the first effect of this name that it has in this step."""

    moment: Moment
    step: str
    """The activity's name; empty outside activities."""
    effect: str


class Fate:
    """Writes down each effect of this process and ends it, as `kill -9` does, where it is told to."""

    def __init__(self, journal: Path, death: Death | None) -> None:
        """`death` None: it lives on."""
        self._journal = journal
        self._death = death

    def reached(self, moment: Moment, effects: Sequence[str]) -> None:
        step = activity.info().activity_type if activity.in_activity() else ""
        if moment == "before":
            self._write({"step": step, "effects": list(effects)})
        if self._death is not None and self._death in [Death(moment, step, effect) for effect in effects]:
            self._write({"died": asdict(self._death)})
            os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, line: dict[str, Any]) -> None:
        """One write of one line: whole, or not at all."""
        descriptor = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, (json.dumps({"at": round(time.time(), 3), **line}) + "\n").encode())
        os.close(descriptor)


def watch_effects(fate: Fate) -> None:
    """From now on every outside effect of this process passes `fate`."""
    batch: ContextVar[tuple[str, ...]] = ContextVar("batch", default=())

    def around(owner: type[Any], method: str, names: Callable[..., Sequence[str]]) -> None:
        inner: Callable[..., Awaitable[Any]] = getattr(owner, method)

        async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
            effects = names(*args, **kwargs)
            if not effects:
                return await inner(self, *args, **kwargs)
            fate.reached("before", effects)
            answer = await inner(self, *args, **kwargs)
            fate.reached("after", effects)
            return answer

        put(owner, method, watched)

    def around_now(owner: type[Any], method: str, names: Callable[..., Sequence[str]]) -> None:
        """The same of a method that blocks, in a thread that has the context of the step."""
        inner: Callable[..., Any] = getattr(owner, method)

        def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
            effects = names(*args, **kwargs)
            if effects:
                fate.reached("before", effects)
            answer = inner(self, *args, **kwargs)
            if effects:
                fate.reached("after", effects)
            return answer

        put(owner, method, watched)

    def slack(method: str, *, json: dict[str, Any] | None = None, **_: Any) -> list[str]:
        if not method.startswith("chat."):
            return []
        metadata: dict[str, Any] = (json or {}).get("metadata") or {}
        payload: dict[str, Any] = metadata.get("event_payload") or {}
        return [f"slack {method} {payload.get('key', '')}".strip()]

    def ledger(org: str, writes: Sequence[Write]) -> list[str]:
        del org
        keys = [write.draft.key if write.draft else "artifact" for write in writes]
        batch.set(tuple(keys))
        return [f"ledger {plain(key)}" for key in keys]

    def anchor(org: str, head: Head) -> list[str]:
        del org, head
        return [f"anchor {plain(key)}" for key in batch.get()]

    def model(member: Member, request: ChatRequest) -> list[str]:
        del member
        return [f"model {plain(request.key)}"]

    def estate(*_: object, idempotency_key: str, kind: str) -> list[str]:
        return [f"estate {kind} {plain(idempotency_key)}"]

    around(AsyncWebClient, "api_call", slack)
    around(ChainWriter, "write", ledger)
    around_now(FileAnchor, "advance_now", anchor)
    around(LiteLLMClient, "chat", model)
    around(SampleEstate, "apply_image", estate)

    def signal_named(name: str, *_: object, **__: object) -> list[str]:
        return [f"temporal signal {name}"]

    def always(effect: str) -> Callable[..., list[str]]:
        def names(*_: object, **__: object) -> list[str]:
            return [effect]

        return names

    around(Client, "start_workflow", always("temporal start"))
    around(WorkflowHandle, "signal", signal_named)
    around(TakenLately, "add", always("redis add"))
    around(AsyncBaseSocketModeClient, "send_socket_mode_response", always("slack ack"))
    connect = edge.connect

    async def connected(*args: Any, **kwargs: Any) -> Client:
        config = (await connect(*args, **kwargs)).config()
        config["interceptors"] = [_Steps(fate)]
        return Client(**config)

    put(edge, "connect", connected)


class _Steps(Interceptor, WorkerInterceptor):
    """A step's start is the first that happens after the end of the one before was reported."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Step(next, self._fate)


class _Step(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, fate: Fate) -> None:
        super().__init__(next)
        self._fate = fate

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        name = f"step {activity.info().activity_type}"
        self._fate.reached("before", [name])
        answer = await super().execute_activity(input)
        self._fate.reached("after", [name])
        return answer


def put(owner: object, name: str, value: object) -> None:
    """In the place of the owner's attribute of this name."""
    setattr(owner, name, value)


def plain(key: str) -> str:
    """A key without what differs from one task, attempt or run to the next."""
    return _DIGEST.sub("", _ATTEMPT.sub("", _TASK.sub("T", key)))
