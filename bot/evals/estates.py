"""The estates that cases play in: drawn once a seed, copied and changed for each case, and read only from then on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.evals.cases import EstateOf
from bot.evals.mutations import mutate
from bot.local.estate import SampleEstate, seed_estate
from tools.connectors.base import EstateError

Answer = TypeVar("Answer")


class DryEstate(SampleEstate):
    """A sample estate that cannot be changed: every way of writing to it ends before the file is touched."""

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection, None]:
        self._refuse()
        yield

    async def _in_thread(self, work: Callable[[Connection], Answer], *, writes: bool = False) -> Answer:
        if writes:
            self._refuse()
        return await super()._in_thread(work)

    def _refuse(self) -> NoReturn:
        raise EstateError("This is an evaluation: nothing can be changed, and nothing was.")


@dataclass
class Estates:
    """Where they are kept. Several cases may ask at once."""

    folder: Path
    org: str
    now: datetime
    _drawing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    @asynccontextmanager
    async def opened(self, name: str, wanted: EstateOf) -> AsyncGenerator[DryEstate, None]:
        """Raises :class:`bot.evals.mutations.MutationFailed`."""
        drawn = self.folder / f"seed-{wanted.seed}.db"
        async with self._drawing:
            await seed_estate(drawn, seed=wanted.seed, org=self.org, now=self.now)
        path = self.folder / f"{name}.db"
        await asyncio.to_thread(shutil.copy, drawn, path)
        await mutate(path, wanted.mutations, org=self.org, now=self.now)
        estate = DryEstate(path, now=lambda: self.now)
        try:
            yield estate
        finally:
            await estate.close()
            await asyncio.to_thread(path.unlink, missing_ok=True)
