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
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Protocol

from agents.orchestrator._raw import RawFailure, RawReply, read_reply
from agents.orchestrator._retry_after import retry_after
from agents.orchestrator._staying import stay
from agents.orchestrator._streaming import Assembly
from agents.orchestrator.chat import ModelErrorKind
from tools.contracts.common import JsonObject

_loading = threading.Lock()

_HELLO: Sequence[Mapping[str, str]] = ({"role": "user", "content": "."},)

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


class _Price(Protocol):
    def __call__(self, **arguments: Any) -> float: ...


class _Close(Protocol):
    def __call__(self) -> Awaitable[None]: ...


@dataclass(frozen=True)
class Litellm:
    """litellm, loaded and configured."""

    _complete: _Complete
    _close: _Close
    _forget: Callable[[], None]
    _price: _Price
    _models: dict[str, Any]
    """litellm's model data, which it looks everything up in."""
    _kinds: Sequence[tuple[type[BaseException], ModelErrorKind]]

    async def complete(self, arguments: JsonObject) -> RawReply | RawFailure:
        """One call. Whatever litellm raises comes back as a failure; only cancellation passes through."""
        self._know(arguments)
        try:
            # litellm otherwise looks for MCP gateway tools in every call with tools, which costs 245 modules and
            # most of a second on the event loop. The tools here are only ever our own functions.
            response = await _hung_up_cleanly(self._complete(**arguments, _skip_mcp_handler=True))
        except Exception as error:
            return self._failure(error)
        try:
            return read_reply(response)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            return RawFailure("bad_response", f"the response has no message to read: {error}", None)

    async def stream(
        self, arguments: JsonObject, *, stall_seconds: float
    ) -> AsyncGenerator[str | RawReply | RawFailure]:
        """One call: pieces of text as they come, and last a reply or a failure, exactly once.

        Silence of `stall_seconds` after it has begun is a failure, and so is an end that the provider did not mark
        as one: litellm would hand out what came until then as a whole answer, with a count of tokens of its own.
        """
        self._know(arguments)
        assembly = Assembly()
        try:
            stream = await _hung_up_cleanly(self._complete(**arguments, _skip_mcp_handler=True))
        except Exception as error:
            yield self._failure(error)
            return
        try:
            async for text in assembly.pieces(stream, stall_seconds=stall_seconds):
                yield text
        except TimeoutError:
            yield RawFailure("timeout", f"its answer stalled for {stall_seconds:.0f} s and was given up", None)
        except Exception as error:
            yield self._failure(error)
        else:
            yield assembly.outcome(
                stream, price=lambda whole: self._price(completion_response=whole, **_named(arguments))
            )
        finally:
            await stream.aclose()

    def _know(self, arguments: JsonObject) -> None:
        """litellm asks an Ollama about each model it does not know, at every call and on the event loop, blocking."""
        model = str(arguments["model"])
        if model.startswith("ollama"):
            free = {"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0}
            self._models.setdefault(model, {**free, "supports_function_calling": True})

    def _failure(self, error: Exception) -> RawFailure:
        # What broke a stream is wrapped once more.
        inner: Any = getattr(error, "original_exception", None)
        said = inner if isinstance(inner, Exception) else error
        return RawFailure(
            kind=self._kind(said), text=str(said), retry_after_seconds=retry_after(said, now=datetime.now(UTC))
        )

    async def close(self) -> None:
        """Close the kept connections, of everybody in this process who uses litellm."""
        await self._close()
        # It goes on handing out the clients that it has just closed.
        self._forget()

    def _kind(self, error: Exception) -> ModelErrorKind:
        named: ModelErrorKind | None = None
        for raised, kind in self._kinds:
            if isinstance(error, raised):
                named = kind
                break
        # Some providers' errors come as a plain APIError, and a 403 of Gemini's as a bad request: the status tells.
        status: Any = getattr(error, "status_code", None)
        told = _STATUS_KINDS.get(status) if isinstance(status, int) and named in (None, "bad_response") else None
        return told or named or "unavailable"


def is_loaded() -> bool:
    """Whether this process has paid for the import."""
    return "litellm" in sys.modules


async def load() -> Litellm:
    """litellm; the first call imports it in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(_load)


def _load() -> Litellm:
    with _loading:
        module = importlib.import_module("litellm") if is_loaded() else _import()
        stay()
    # drop_params: a model that takes no temperature is asked without one.
    vars(module).update(telemetry=False, suppress_debug_info=True, drop_params=True)
    complete: _Complete = module.acompletion
    close: _Close = module.close_litellm_async_clients
    forget: Callable[[], None] = module.in_memory_llm_clients_cache.flush_cache
    price: _Price = module.completion_cost
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
    return Litellm(
        _complete=complete,
        _close=close,
        _forget=forget,
        _price=price,
        _models=module.model_cost,
        _kinds=kinds,
    )


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
        module.completion(model="openai/warm", messages=[*_HELLO], mock_response=".")
        with warnings.catch_warnings():
            # Pydantic builds its model of a streamed piece now, and finds fault with a type of litellm's own.
            warnings.simplefilter("ignore", UserWarning)
            list(module.completion(model="openai/warm", messages=[*_HELLO], mock_response=".", stream=True))
    finally:
        # What the import made is there for good. The first full collection would look through all of it, and hold up
        # everything for half a second.
        gc.freeze()
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


def _named(arguments: JsonObject) -> JsonObject:
    return {"model": arguments["model"]}
