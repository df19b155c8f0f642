"""The estates that cases play in: drawn once a seed, copied and changed for each case, and read only from then on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.evals.cases import EstateOf
from bot.evals.mutations import mutate
from bot.local.estate import SampleEstate, seed_estate


class DryEstate(SampleEstate):
    """A sample estate that cannot be changed: SQLite refuses it, whichever way of writing there is or comes to be."""

    query_only = True

    def _sentence(self, error: SQLAlchemyError, *, writes: bool) -> str:
        if writes:
            return "This is an evaluation: nothing can be changed, and nothing was."
        return super()._sentence(error, writes=writes)


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
