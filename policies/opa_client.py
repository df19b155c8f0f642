"""opa-python-client, typed. The library has no types of its own; this is all of it that is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp

from tools.contracts.common import JsonObject
from tools.outbound import Outbound, origin_of


class OpaClient(Protocol):
    """`opa_client.opa_async.AsyncOpaClient`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None, /
    ) -> None: ...

    async def query_rule(self, _input: JsonObject, _package: str, _rule: str, _query: dict[str, str], /) -> Any: ...

    async def ad_hoc_query(self, _query: str, /) -> Any: ...

    async def update_policy_from_string(self, _text: str, _id: str, _rego_compat: bool, /) -> bool:
        """With `rego_compat` the library rewrites a policy that it thinks old: never let it."""
        ...

    async def delete_policy(self, _id: str, /) -> bool: ...

    async def get_data(self, _path: str, /) -> Any: ...

    async def update_or_create_data(self, _value: JsonObject, _path: str, /) -> bool: ...

    async def delete_data(self, _path: str, /) -> bool: ...

    async def patch_data(self, _path: str, _patches: list[JsonObject], /) -> bool: ...


def new_client(url: str, *, token: str | None, timeout_seconds: float) -> OpaClient:
    """A client for `http://host:port` or `https://…`, without retries: who asks decides whether to ask again.

    Raises `ValueError` for another kind of address.
    """
    parts = urlsplit(url)
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("The OPA address must look like http://127.0.0.1:8181: scheme, host and port, nothing else.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # Imported here: only where a server is configured is the library needed.
    factory: Callable[..., OpaClient] = import_module("opa_client.opa_async").AsyncOpaClient
    return factory(
        host=host,
        port=parts.port or (443 if parts.scheme == "https" else 8181),
        ssl=parts.scheme == "https",
        token=token,
        retries=0,
        timeout=timeout_seconds,
    )


class Listing:
    """`GET /v1/policies` as bytes: half a megabyte of syntax trees, which the library would read each time."""

    def __init__(self, url: str, *, token: str | None, timeout_seconds: float) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = f"{url.rstrip('/')}/v1/policies"
        self._server = Outbound(origin_of(url), "configured", timeout_seconds=timeout_seconds, decompress=True)

    async def read(self) -> bytes:
        """Raises what aiohttp raises, also for a status that is not 200."""
        async with self._server.request("GET", self.url, headers=self._headers) as response:
            if response.status != 200:
                response.raise_for_status()
                raise aiohttp.ClientError(f"GET /v1/policies was answered {response.status}")
            return await response.read()

    async def aclose(self) -> None:
        await self._server.close()


def is_client_error(error: Exception) -> bool:
    """Whether it is one of the library's own errors, which have no common base."""
    return type(error).__module__ == "opa_client.errors"


def is_absent(error: Exception) -> bool:
    """Whether the server said that it has no such policy or document."""
    return is_client_error(error) and type(error).__name__ == "PolicyNotFoundError"
