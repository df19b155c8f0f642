"""Entries of a task's life, written through the ledger as the activities write them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.ledger.book import Book
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind

ADA, GRACE, MALLORY, OPS = "U0ADA00001", "U0GRACE001", "U0MALLORY1", "C0OPS00001"
TEAM = "T1"

REQUIREMENT: JsonObject = {"roles": ["approver", "admin"], "quorum": 2, "expires_in_seconds": 60}


@dataclass
class Life:
    book: Book
    task_id: str = "T1.C0OPS00001.1.2"
    org: str = TEAM
    _count: int = 0

    async def tell(self, kind: LedgerKind, body: JsonObject, *, actor: str = "gavel") -> None:
        self._count += 1
        await self.book.ledger.record(
            kind, body, org=self.org, task_id=self.task_id, actor=actor, key=f"{kind}:{self._count}"
        )

    async def begin(self, text: str = "web servers drift", *, user: str = ADA, channel: str = OPS) -> None:
        body: JsonObject = {"source": "mention", "text": text, "channel": channel, "thread_ts": "1795000000.000100"}
        await self.tell("task_received", body, actor=user)

    async def understand(self, goal: str = "Bring the web servers back to the golden image") -> None:
        await self.tell("task_spec", {"goal": goal, "agents": ["drift"], "environment": "production"})

    async def offer(self, *, expires_at: str = "2099-01-01T00:00:00+00:00") -> None:
        body: JsonObject = {"revision": 1, "requirement": REQUIREMENT, "expires_at": expires_at}
        await self.tell("approval_requested", body)

    async def end(self, outcome: str = "completed") -> None:
        await self.tell("task_ended", {"outcome": outcome, "cost_usd": 0.25})
