"""What one task's models answered and what its tools found, read back from the ledger by an attempt begun again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agents.orchestrator.remembering import MemoryKind
from bot.ledger.ledger import Ledger
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class TaskMemory:
    """Implements `agents.orchestrator.remembering.Memory`. An entry that was edited is not used: it raises."""

    ledger: Ledger
    org: str
    task_id: str

    async def keep(self, kind: MemoryKind, key: str, value: JsonObject, *, actor: str) -> None:
        await self.ledger.record(kind, value, org=self.org, task_id=self.task_id, actor=actor, key=key)

    async def recall(self, keys: Sequence[str], *, within_seconds: float | None = None) -> JsonObject | None:
        within = None if within_seconds is None else timedelta(seconds=within_seconds)
        return await self.ledger.newest(self.org, self.task_id, keys, within=within)

    async def tool_results(self, call_ids: Sequence[str]) -> dict[str, JsonObject]:
        return await self.ledger.tool_results(self.org, self.task_id, call_ids)
