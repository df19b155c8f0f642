"""Entries that need not be durable one by one: they are on disk before the step they are of is over, or it fails."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ledger.ledger import Ledger
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind


@dataclass(frozen=True)
class Soon:
    """The recorder of a step that waits for its entries at its end, as each does
    (`bot.workflows.activities.retrying.working`): they are written together, a tenth of a second late at most.

    What a tool is about to change is durable before it does. Implements `tools.contracts.ledger.Recorder`.
    """

    ledger: Ledger

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        """Raises `LedgerUnavailable`."""
        if kind == "tool_called" and body.get("stage") != "outcome":
            await self.ledger.record(kind, body, org=org, task_id=task_id, actor=actor, key=key)
        else:
            await self.ledger.append_soon(kind, body, org=org, task_id=task_id, actor=actor, key=key, request=None)
