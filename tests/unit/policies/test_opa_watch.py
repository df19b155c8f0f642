"""The policies of an OPA server are read again where they may have changed, and only there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from policies.bundle import load_bundle
from policies.opa import open_opa
from policies.opa_client import Listing, new_client
from policies.opa_held import HeldPolicies
from policies.opa_watch import Watch
from tests.unit.policies.opa_server import OpaServer

ALTERED = "package ql.ai.extra\n\nx := 1\n"


class _Counted(Listing):
    """Counts how often everything is read, and lets a test in while it is."""

    def __init__(self, url: str) -> None:
        super().__init__(url, token=None, timeout_seconds=5)
        self.readings = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def read(self) -> bytes:
        self.readings += 1
        found = await super().read()
        if self.meanwhile is not None:
            await self.meanwhile()
        return found


@dataclass(frozen=True)
class _Gavel:
    """One process that asks the server."""

    policies: HeldPolicies
    listing: _Counted
    roots: list[object]
    """What was read of `data.gavel`."""
    http: aiohttp.ClientSession = field(default_factory=aiohttp.ClientSession)

    async def alter(self, text: str = ALTERED) -> None:
        async with self.http.put(self._elsewhere, data=text) as answer:
            assert answer.status == 200

    async def restore(self) -> None:
        async with self.http.delete(self._elsewhere) as answer:
            assert answer.status == 200

    async def has_extra(self) -> bool:
        return "elsewhere" in (await self.policies.now()).modules

    @property
    def _elsewhere(self) -> str:
        return self.listing.url.replace("/v1/policies", "/v1/policies/elsewhere")


@asynccontextmanager
async def _asking(server: OpaServer) -> AsyncGenerator[_Gavel]:
    listing = _Counted(server.url)
    roots = list[object]()
    async with new_client(server.url, token=None, timeout_seconds=5) as client, aiohttp.ClientSession() as session:

        async def root() -> object:
            async with session.get(f"{server.url}/v1/data/gavel") as answer:
                roots.append((await answer.json()).get("result"))
            return roots[-1]

        gavel = _Gavel(HeldPolicies(listing, Watch(client), root=root, url=server.url), listing, roots)
        yield gavel
        await gavel.http.close()
    await listing.aclose()


async def test_what_nobody_wrote_to_is_read_once(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        for _ in range(5):
            await gavel.policies.now()
        assert gavel.listing.readings == len(gavel.roots) == 1


async def test_data_that_another_wrote_is_noticed(own_opa_server: OpaServer) -> None:
    """A freeze that an operator sets or lifts on the server counts at once, though no policy changed."""
    freezes = f"{own_opa_server.url}/v1/data/gavel/freezes"
    async with _asking(own_opa_server) as gavel:
        for held in ({"freezes": [1]}, {"freezes": [2]}):
            async with gavel.http.put(freezes, json=held["freezes"]) as answer:
                assert answer.status == 204
            assert (await gavel.policies.now()).root == (await gavel.policies.now()).root == held
        async with gavel.http.patch(freezes, json=[{"op": "replace", "path": "/0", "value": 3}]) as answer:
            assert answer.status == 204
        assert (await gavel.policies.now()).root == {"freezes": [3]}
        async with gavel.http.delete(freezes) as answer:
            assert answer.status == 204
        assert (await gavel.policies.now()).root == {}
        assert len(gavel.roots) == 4


async def test_what_another_wrote_is_noticed_whoever_asked_in_between(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel, _asking(own_opa_server) as other:
        for _ in range(3):
            assert not await gavel.has_extra()
            await gavel.alter()
            # The other's question makes the server keep the other's query, and not this one's.
            assert await other.has_extra()
            assert await gavel.has_extra()
            await other.restore()
        assert not await gavel.has_extra()


async def test_a_change_while_everything_is_read_is_noticed_the_next_time(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        gavel.listing.meanwhile = gavel.alter
        assert not await gavel.has_extra()
        gavel.listing.meanwhile = None
        assert await gavel.has_extra()


async def test_who_is_cancelled_while_asking_leaves_nothing_stale(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        assert not await gavel.has_extra()
        await gavel.alter()
        reading, never = asyncio.Event(), asyncio.Event()

        async def stay() -> None:
            reading.set()
            await never.wait()

        gavel.listing.meanwhile = stay
        asked = asyncio.create_task(gavel.has_extra())
        await reading.wait()
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        gavel.listing.meanwhile = None
        assert await gavel.has_extra()


async def test_a_server_that_was_restarted_is_read_again(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        await gavel.alter()
        assert await gavel.has_extra()
        await own_opa_server.stop()
        await own_opa_server.start()
        assert not await gavel.has_extra()


async def test_a_query_that_the_server_dropped_for_room_is_asked_anew(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        await gavel.policies.now()
        for number in range(150):
            async with gavel.http.get(f"{own_opa_server.url}/v1/data/many/n{number}") as answer:
                assert answer.status == 200
        await gavel.policies.now()
        await gavel.policies.now()
        assert gavel.listing.readings == 2


@pytest.mark.parametrize("refused", ['input.method == "PUT"', 'input.path[2] == "gavel_watch"'])
async def test_where_it_cannot_be_proven_everything_is_read_each_time(refused: str, tmp_path: Path) -> None:
    rules = tmp_path / "authz.rego"
    rules.write_text(f'package system.authz\n\ndefault allow := true\n\nallow := false if {{ {refused}; watched }}\n\n'
                     'watched if contains(concat("/", input.path), "watch")\n')  # fmt: skip
    server = OpaServer("--authorization=basic", str(rules))
    await server.start()
    try:
        async with _asking(server) as gavel:
            for _ in range(3):
                await gavel.policies.now()
            assert gavel.listing.readings == 3
            await gavel.alter()
            assert await gavel.has_extra()
            await gavel.restore()
        engine = await open_opa(server.url, load_bundle(), timeout_seconds=5)
        assert await engine.digest() == load_bundle().digest
        await engine.aclose()
    finally:
        await server.stop()


async def test_the_proof_leaves_nothing_on_the_server(own_opa_server: OpaServer) -> None:
    async with _asking(own_opa_server) as gavel:
        assert not (await gavel.policies.now()).ids
