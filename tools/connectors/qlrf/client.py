"""QL-RF over HTTP: one bearer token, bounded answers, no redirects, and an error for everything that is no answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlencode

import aiohttp

from tools.connectors.qlrf.errors import QlrfError
from tools.contracts.common import JsonObject
from tools.outbound import Outbound, OutboundRefused, origin_of

PREFIX = "/api/v1"
MAX_ANSWER_BYTES = 32 * 1024 * 1024
SHOWN_CHARS = 120
"""Of an error's body. It is a stranger's text."""

Method = Literal["GET", "POST"]


@dataclass
class QlrfClient:
    """Close it when done. It holds the token and never shows it."""

    base_url: str
    """`https://qlrf.example.com`, without the path."""
    token: str = field(repr=False)
    timeout_seconds: float = 15.0
    max_answer_bytes: int = MAX_ANSWER_BYTES
    _server: Outbound | None = field(default=None, repr=False)

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> object:
        """The JSON of a 200 answer. `path` is below `/api/v1`; its parts come from :func:`segment`."""
        return await self._ask("GET", path, query or {}, body=None)

    async def post(self, path: str, body: JsonObject) -> object:
        """The JSON of a 2xx answer; None for one without a body. A timeout says that it may have been done."""
        return await self._ask("POST", path, {}, body=body)

    async def _ask(self, method: Method, path: str, query: Mapping[str, str], *, body: JsonObject | None) -> object:
        target = f"{PREFIX}{path}" + (f"?{urlencode(query)}" if query else "")
        asked = f"{method} {target}"
        maybe = " It may have been done all the same: the same call again looks first." if method == "POST" else ""
        try:
            async with (
                asyncio.timeout(self.timeout_seconds),
                self._open().request(
                    method,
                    self.base_url.rstrip("/") + target,
                    json=body,
                    headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
                ) as response,
            ):
                raw = await self._read(response, asked)
        except TimeoutError as error:
            raise QlrfError("timeout", asked, f"no answer within {self.timeout_seconds:g} s.{maybe}") from error
        except OutboundRefused as error:
            raise QlrfError("unreachable", asked, f"it was not asked. {error} Check estate.url.") from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            said = f"it could not be reached ({type(error).__name__}). Check estate.url and the network.{maybe}"
            raise QlrfError("unreachable", asked, said) from error
        return _judged(response.status, raw, asked, maybe=maybe)

    async def _read(self, response: aiohttp.ClientResponse, asked: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(1 << 16):
            size += len(part)
            if size > self.max_answer_bytes:
                raise QlrfError("malformed", asked, f"its answer is longer than {self.max_answer_bytes} bytes.")
            parts.append(part)
        return b"".join(parts)

    def _open(self) -> Outbound:
        # No proxies from the environment; no redirects, which would carry the token to wherever they point.
        if self._server is None:
            self._server = Outbound(origin_of(self.base_url), "configured", decompress=True)
        return self._server


def segment(value: str) -> str:
    """One part of a path: a model's or a stranger's text cannot leave it."""
    if value in ("", ".", ".."):
        raise QlrfError("malformed", f"for {value!r}", "that is no id. Nothing was asked.")
    return quote(value, safe="")


def _judged(status: int, raw: bytes, asked: str, *, maybe: str) -> object:
    if 200 <= status < 300:
        return read_answer(raw, asked)
    said = " ".join(raw[:2000].decode(errors="replace").split())[:SHOWN_CHARS]
    quoted = f" ({status}: {said!r})" if said else f" ({status})"
    if status in (401, 403):
        raise QlrfError("refused", asked, f"it refused the token{quoted}. Check estate.token and what it may do.")
    if status == 404:
        raise QlrfError("missing", asked, f"there is no such thing{quoted}.")
    if status == 429:
        raise QlrfError("limited", asked, f"it was asked too often{quoted}. Ask again later.")
    raise QlrfError("failed", asked, f"it failed{quoted}.{maybe} Ask again later.")


def read_answer(raw: bytes, asked: str) -> object:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise QlrfError("malformed", asked, f"its answer is no JSON ({str(error)[:80]}).") from error
