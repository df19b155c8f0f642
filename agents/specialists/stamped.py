"""A recorder that says of what the models decided with which prompts they were asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind, Recorder


@dataclass(frozen=True)
class Stamped:
    """A :class:`tools.contracts.ledger.Recorder`. Adds `prompts` to every body: id → version and checksum."""

    inner: Recorder
    stamps: Callable[[JsonObject], JsonObject]
    """An outcome → the prompts that it rests on."""

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        stamped = {**body, "prompts": self.stamps(body)}
        await self.inner.record(kind, stamped, org=org, task_id=task_id, actor=actor, key=key)
