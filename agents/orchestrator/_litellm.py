"""The only door to litellm: what this project uses of it, typed, and its side effects kept in.

The import takes seconds and 170 MB, so it happens late and in a thread. It is told to read its price list from its
own package: it would otherwise fetch it from the network while importing.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import os
import sys
import threading
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from agents.orchestrator.chat import ModelErrorKind
from tools.contracts.common import JsonObject

_loading = threading.Lock()

_PREPARING_CHECKS = 2000
"""About two seconds. Beyond that, better a warning from Python than a caller that is kept waiting."""

_STATUS_KINDS: Mapping[int, ModelErrorKind] = {
    400: "bad_response",
    401: "auth",
    402: "auth",
    403: "auth",
    404: "bad_response",
    408: "timeout",
    413: "too_long",
    422: "bad_response",
    429: "rate_limited",
    504: "timeout",
}


class _Complete(Protocol):
    def __call__(self, **arguments: Any) -> Coroutine[Any, Any, Any]: ...


class _Close(Protocol):
    def __call__(self) -> Awaitable[None]: ...


@dataclass(frozen=True)
class RawToolCall:
    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class RawReply:
    """What is read from litellm's response. Its hidden and provider-specific fields stay behind."""

    text: str
    tool_calls: tuple[RawToolCall, ...]
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """litellm's price for the call; None when it has none, and when it says 0, which means it does not know."""
    cached_tokens: int | None = None
    """Of the prompt's; None when the provider did not say."""


@dataclass(frozen=True)
class RawFailure:
    kind: ModelErrorKind
    text: str
    retry_after_seconds: float | None


@dataclass(frozen=True)
class Litellm:
    """litellm, loaded and configured."""

    _complete: _Complete
    _close: _Close
    _kinds: Sequence[tuple[type[BaseException], ModelErrorKind]]

    async def complete(self, arguments: JsonObject) -> RawReply | RawFailure:
        """One call. Whatever litellm raises comes back as a failure; only cancellation passes through."""
        try:
            # litellm otherwise looks for MCP gateway tools in every call with tools, which costs 245 modules and
            # most of a second on the event loop. The tools here are only ever our own functions.
            response = await _hung_up_cleanly(self._complete(**arguments, _skip_mcp_handler=True))
        except Exception as error:
            return RawFailure(kind=self._kind(error), text=str(error), retry_after_seconds=_retry_after(error))
        try:
            return _reply(response)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            return RawFailure("bad_response", f"the response has no message to read: {error}", None)

    async def close(self) -> None:
        """Close the kept connections."""
        await self._close()

    def _kind(self, error: Exception) -> ModelErrorKind:
        for raised, kind in self._kinds:
            if isinstance(error, raised):
                return kind
        # Some providers' errors come as a plain APIError that only keeps the status, a 403 for one.
        status: Any = getattr(error, "status_code", None)
        return _STATUS_KINDS.get(status, "unavailable") if isinstance(status, int) else "unavailable"


def is_loaded() -> bool:
    """Whether this process has paid for the import."""
    return "litellm" in sys.modules


async def load() -> Litellm:
    """litellm; the first call imports it in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(_load)


def _load() -> Litellm:
    with _loading:
        module = importlib.import_module("litellm") if is_loaded() else _import()
    # drop_params: a model that takes no temperature is asked without one.
    vars(module).update(telemetry=False, suppress_debug_info=True, drop_params=True)
    complete: _Complete = module.acompletion
    close: _Close = module.close_litellm_async_clients
    # Most specific first: litellm's context window error is one of its bad request errors.
    kinds: list[tuple[type[BaseException], ModelErrorKind]] = [
        (module.ContextWindowExceededError, "too_long"),
        (module.Timeout, "timeout"),
        (module.RateLimitError, "rate_limited"),
        (module.AuthenticationError, "auth"),
        (module.PermissionDeniedError, "auth"),
        (module.NotFoundError, "bad_response"),
        (module.BadRequestError, "bad_response"),
        (module.UnprocessableEntityError, "bad_response"),
        (module.APIResponseValidationError, "bad_response"),
    ]
    return Litellm(_complete=complete, _close=close, _kinds=kinds)


def _import() -> ModuleType:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    collecting = gc.isenabled()
    gc.disable()  # nearly halves the time of the import, which allocates much and frees nothing
    try:
        module = importlib.import_module("litellm")
        # What the first call would otherwise import on the event loop, which it holds up for 0.3 s.
        for name in ("openai.resources.chat", "litellm._service_logger", "litellm.cost_calculator"):
            importlib.import_module(name)
        module.completion(model="openai/warm", messages=[{"role": "user", "content": "."}], mock_response=".")
    finally:
        if collecting:
            gc.enable()
    return module


async def _hung_up_cleanly(call: Coroutine[Any, Any, Any]) -> Any:
    """Await litellm's call; a cancellation reaches it only once it awaits the provider.

    It prepares each request in a thread, which returns the coroutine that sends it. Cancelled meanwhile, it drops
    that coroutine un-awaited, which Python reports as a defect. Preparing takes milliseconds.
    """
    task = asyncio.create_task(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        for _ in range(_PREPARING_CHECKS):
            if not _is_preparing(task):
                break
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # ended by itself in the meantime; nobody wants its answer any more
        raise


def _is_preparing(task: asyncio.Task[Any]) -> bool:
    """Whether litellm's `acompletion` itself is what is suspended, and not the provider's call inside it."""
    innermost: Any = task.get_coro()
    while inspect.iscoroutine(inner := getattr(innermost, "cr_await", None)):
        innermost = inner
    # A task that has not begun awaits nothing yet, and has made no coroutine that could be dropped.
    return inner is not None and getattr(innermost, "__name__", "") == "acompletion" and _is_litellm_main(innermost)


def _is_litellm_main(coroutine: Any) -> bool:
    return str(coroutine.cr_code.co_filename).replace("\\", "/").endswith("litellm/main.py")


def _reply(response: Any) -> RawReply:
    choice: Any = response.choices[0]
    message: Any = choice.message
    usage: Any = getattr(response, "usage", None)
    hidden: Mapping[str, Any] = getattr(response, "_hidden_params", None) or {}
    calls: list[Any] = list(message.tool_calls or [])
    return RawReply(
        text=str(message.content or ""),
        tool_calls=tuple(
            RawToolCall(
                id=str(call.id), name=str(call.function.name or ""), arguments=str(call.function.arguments or "")
            )
            for call in calls
        ),
        finish_reason=None if choice.finish_reason is None else str(choice.finish_reason),
        prompt_tokens=_count(getattr(usage, "prompt_tokens", None)),
        completion_tokens=_count(getattr(usage, "completion_tokens", None)),
        cost_usd=_cost(hidden.get("response_cost")),
        cached_tokens=_cached(usage),
    )


def _count(value: Any) -> int | None:
    """litellm fills in 0 where a provider reported no usage."""
    return value if isinstance(value, int) and value > 0 else None


def _cached(usage: Any) -> int | None:
    """Under OpenAI's name, which litellm gives every provider's count. Here 0 is an answer: nothing was read there."""
    value: Any = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    return value if isinstance(value, int) and value >= 0 else None


def _cost(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def _retry_after(error: Exception) -> float | None:
    """Seconds of a Retry-After header, which litellm keeps apart from the response."""
    response: Any = getattr(error, "response", None)
    for headers in (getattr(error, "litellm_response_headers", None), getattr(response, "headers", None)):
        value: Any = headers.get("retry-after") if headers else None
        if isinstance(value, str) and value.strip().isdigit():
            return float(value)
    return None
