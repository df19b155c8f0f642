"""The shapes of single settings values. Messages say what is allowed and never repeat a secret."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

MIN_KEY_BYTES = 32


def _web_url(schemes: tuple[str, ...], *, slash: bool) -> Callable[[str], str]:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL of the form {schemes[0]}://host[:port]")
        if parts.username or parts.password:
            raise ValueError("must not hold a user name or password")
        return value.rstrip("/") + "/" if slash else value.rstrip("/")

    return check


WebUrl = Annotated[str, AfterValidator(_web_url(("https", "http"), slash=True))]
"""With its final slash, which the Slack SDK needs to join method names."""

PlainUrl = Annotated[str, AfterValidator(_web_url(("https", "http"), slash=False))]
"""As it is written."""


def in_the_clear(url: str) -> bool:
    """Whether what is sent there can be read on the way: it is no https, and another machine."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}


def _protected(value: str) -> str:
    parts = urlsplit(value)
    if in_the_clear(value):
        raise ValueError("must start with https://: its token would be sent in the clear (http only to this machine)")
    if parts.path or parts.query or parts.fragment:
        raise ValueError("must end with the host or port: /api/v1 is added to it")
    return value


EstateUrl = Annotated[str, AfterValidator(_web_url(("https", "http"), slash=False)), AfterValidator(_protected)]
"""Of a service that takes a bearer token."""

McpUrl = Annotated[str, AfterValidator(_web_url(("https", "http"), slash=False))]
"""Of an MCP server's endpoint, with its path."""

OpaUrl = Annotated[str, AfterValidator(_web_url(("http", "https"), slash=False))]


def _host_port(value: str) -> str:
    match = re.fullmatch(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})", value)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError("must be host:port, e.g. temporal.example.com:7233, without a scheme")
    return value


TemporalAddress = Annotated[str, AfterValidator(_host_port)]


def _redis_url(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
"""May hold a password, hence secret."""

_ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def _database_url(value: SecretStr) -> SecretStr:
    scheme, found, rest = value.get_secret_value().partition("://")
    driver = _ASYNC_DRIVERS.get(scheme)
    if not found or driver is None:
        raise ValueError("must start with postgresql:// or sqlite:/// (drivers asyncpg and aiosqlite)")
    return SecretStr(f"{driver}://{rest}")


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
"""May hold a password, hence secret."""


def decode_key(text: str) -> bytes:
    """Key bytes from hex or base64 (standard or URL-safe, padded or not). Raises ValueError, without the text."""
    compact = "".join(text.split())
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", compact):
        raw = bytes.fromhex(compact)
    else:
        standard = compact.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"must be {MIN_KEY_BYTES} bytes or more as hex or base64") from None
    if len(raw) < MIN_KEY_BYTES:
        raise ValueError(
            f"holds {len(raw)} bytes; must be {MIN_KEY_BYTES} bytes or more as hex or base64, "
            "e.g. from `openssl rand -hex 32`"
        )
    return raw


def _key_material(value: SecretStr) -> SecretStr:
    decode_key(value.get_secret_value())
    return value


KeyMaterial = Annotated[SecretStr, AfterValidator(_key_material)]


def _slack_user(value: str) -> str:
    if re.fullmatch(r"[UW][A-Z0-9]{1,20}", value) is None:
        raise ValueError("must be a Slack user id such as U012AB3CD (profile → Copy member ID), not a name")
    return value


SlackUserId = Annotated[str, AfterValidator(_slack_user)]
