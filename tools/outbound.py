"""The one door by which HTTP goes out to an address that settings or a server's answer name.

It asks one server, as configured, and no other: no redirects, and no address that its name should not have. What a name
stands for is looked up once, checked, and connected to as it was checked: a name that answers otherwise a moment later
(DNS rebinding) changes nothing. The services that clouds offer at link-local addresses are never asked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

Reach = Literal["public", "configured"]
"""Which addresses a server may have. `public`: of the internet only, and by https. `configured`: those of this machine
and of private networks, too, for an operator wrote the server into the settings."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA_AT = (
    *("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("fd00:ec2::254", "fd20:ce::254"),
)
_METADATA = frozenset(map(ipaddress.ip_address, _METADATA_AT))
"""Of clouds: whoever may ask there has the machine's own credentials."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class OutboundRefused(aiohttp.ClientError):
    """Nothing was asked. In one sentence, without the address's path. Whoever takes any failure for an answer that did
    not come is right about this one, too."""


def is_within(address: str, reach: Reach) -> bool:
    """Whether a server may be at an IP address. What is no address is nowhere."""
    try:
        found = _inmost(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if found in _METADATA or found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    # ::1 is of a reserved block, and of this machine all the same.
    if found.is_reserved and not found.is_loopback:
        return False
    return found.is_global or reach == "configured"


def _inmost(address: _Address) -> _Address:
    """An IPv4 address that an IPv6 address stands for: the network would deliver to that."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


@dataclass
class CheckedResolver(AbstractResolver):
    """Looks a server's name up, and gives its addresses only where all of them may be asked."""

    host: str
    reach: Reach
    inner: AbstractResolver = field(default_factory=aiohttp.ThreadedResolver)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self.inner.resolve(host, port, family)
        # A proxy of the environment has a name of its own, and looks up the server's itself.
        if host == self.host and not all(is_within(one["host"], self.reach) for one in found):
            raise OutboundRefused(f"{host} has an address that must not be asked ({self.reach} ones only).")
        return found

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class Outbound:
    """Asks one server. Keeps its connections until it is closed."""

    origin: str
    """`https://files.slack.com`: scheme, host and port, as configured. Nothing is asked of any other."""
    reach: Reach
    timeout_seconds: float | None = None
    """For one request, with its answer. None: the caller bounds it."""
    trust_env: bool = False
    """Whether a proxy that the environment names is used."""
    decompress: bool = False
    """Whether an answer may come compressed. A small one may unpack to any size: count what you read."""
    resolver: AbstractResolver | None = field(default=None, repr=False)
    """None: the system's."""
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    @asynccontextmanager
    async def request(
        self,
        method: Literal["DELETE", "GET", "POST"],
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: object = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The answer, whatever its status; a redirect is one like any other and is not followed.

        Raises :class:`OutboundRefused` for an address elsewhere, and what aiohttp raises.
        """
        self.check(url)
        async with self._open().request(
            method, url, headers=headers, json=json, data=data, allow_redirects=False
        ) as response:
            yield response

    def check(self, url: str) -> None:
        """Compared as parsed, and only as it is written plainly: no other reading of the address is possible."""
        plain = url.isascii() and url.isprintable() and not set(url) & set(" \\")
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            plain, parts, host = False, urlsplit(""), ""
        if not plain or not host or f"{parts.scheme}://{parts.netloc}" != self.origin:
            raise OutboundRefused("The address is of another server, or is not written plainly.")
        if parts.scheme != "https" and self.reach == "public":
            raise OutboundRefused("The address does not begin with https.")
        # aiohttp looks up no name that is an address already.
        if _is_address(host) and not is_within(host, self.reach):
            raise OutboundRefused(f"{host} must not be asked ({self.reach} addresses only).")

    def _open(self) -> aiohttp.ClientSession:
        # Made in the event loop that uses it; no cookies, which would be kept for others' requests.
        if self._session is None:
            inner = self.resolver or aiohttp.ThreadedResolver()
            checked = CheckedResolver(urlsplit(self.origin).hostname or "", self.reach, inner)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=checked),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
                auto_decompress=self.decompress,
                headers=None if self.decompress else {"Accept-Encoding": "identity"},
                trust_env=self.trust_env,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Outbound:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def origin_of(url: str) -> str:
    """Scheme, host and port of a configured address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
