"""Starts the embedded parts side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.local import servers
from bot.local.datadir import DataDirectory
from bot.local.errors import StackError
from bot.local.parts import Part, PartName, local_slack, placed
from bot.local.ports import Ports, is_free
from bot.local.processes import Command, Processes
from bot.settings import Settings, SettingsError
from tools.connectors.base import EstateError

NOBODY = "nobody"
"""Whose sample estate is drawn where no tenant is known yet; no tenant is called so."""


@dataclass
class Opening:
    """What the openers of the parts share. `settings` grows an address with each."""

    settings: Settings
    directory: DataDirectory
    processes: Processes
    ports: Ports
    org: str
    parts: dict[PartName, Part] = field(default_factory=dict[PartName, Part])
    _taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self, names: Collection[PartName]) -> None:
        """Start the named parts at once. Raises the first failure; what else has started is the caller's to end."""
        openers: Mapping[PartName, Callable[[], Coroutine[Any, Any, None]]] = {
            "slack": self._slack,
            "temporal": self._temporal,
            "opa": self._opa,
            "redis": self._redis,
            "sql": self._sql,
            "llm": self._llm,
            "estate": self._estate,
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(openers[name](), name=f"open {name}")
        except BaseExceptionGroup as failures:
            told = failures.subgroup((StackError, SettingsError))
            first = (told or failures).exceptions[0]
            raise first from failures

    async def _slack(self) -> None:
        async def command(port: int) -> Command:
            access = await asyncio.to_thread(local_slack, self.settings, self.directory, f"http://127.0.0.1:{port}")
            return servers.slack(self.directory, access, port=port)

        base = f"http://127.0.0.1:{await self._serve('slack', command)}"
        access = await asyncio.to_thread(local_slack, self.settings, self.directory, base)
        self.settings = self.settings.model_copy(update={"slack": access})
        self._opened("slack", base, "local workspace: open it in a browser")

    async def _temporal(self) -> None:
        async def command(port: int) -> Command:
            return servers.temporal(self.directory, self.settings.temporal, port=port)

        address = f"127.0.0.1:{await self._serve('temporal', command)}"
        self._opened("temporal", address, "dev server; tasks kept in temporal.db")

    async def _opa(self) -> None:
        program = await asyncio.to_thread(servers.find_opa)
        if program is None:
            self._opened("opa", "", "the same policies in this process (regorus)")
            return

        async def command(port: int) -> Command:
            return servers.opa(self.directory, program=program, port=port)

        self._opened("opa", f"http://127.0.0.1:{await self._serve('opa', command)}", "OPA server")

    async def _redis(self) -> None:
        socket = await asyncio.to_thread(servers.redis_socket, self.directory)
        await self.processes.start(servers.redis(self.directory, socket=socket))
        self._opened("redis", servers.socket_url(socket), "redis-server; keeps nothing")

    async def _sql(self) -> None:
        self._opened("sql", str(self.directory.root / "gavel.db"), "SQLite")

    async def _llm(self) -> None:
        async def command(port: int) -> Command:
            return servers.rehearsal(self.directory, port=port)

        base = f"http://127.0.0.1:{await self._serve('llm', command)}"
        self._opened("llm", base, "rehearsal models: simulated, no key needed")

    async def _estate(self) -> None:
        # SQLAlchemy is half of this start's imports: not before the servers have been told to start.
        from bot.local.estate import seed_estate

        path, seed = self.directory.root / "estate.db", self.settings.estate.seed
        try:
            await seed_estate(path, seed=seed, org=self.org or NOBODY, now=datetime.now(UTC))
        except EstateError as error:
            raise StackError(f"The sample estate is not there: {error}") from error
        self._opened("estate", str(path), f"sample estate, seed {seed}")

    def _opened(self, name: PartName, address: str, detail: str) -> None:
        self.parts[name] = Part(name, embedded=True, address=address, detail=detail)
        if address:
            self.settings = placed(self.settings, name, address)

    async def _serve(self, name: PartName, command: Callable[[int], Coroutine[Any, Any, Command]]) -> int:
        """Start a server on its port, or on another one if somebody took it in between."""
        port = await self._port(name)
        try:
            await self.processes.start(await command(port))
        except StackError:
            if is_free(port):
                raise
            self.ports.forget(name)
            port = await self._port(name)
            await self.processes.start(await command(port))
        return port

    async def _port(self, name: PartName) -> int:
        async with self._taking:
            try:
                return await asyncio.to_thread(self.ports.take, name)
            except OSError as error:
                raise StackError(f"There is no port for the embedded {name}: {error}. It was not started.") from error
