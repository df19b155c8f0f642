"""What is wrong with a task that went well: each thing that a crash might have left undone, or done twice."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from bot.ledger.ledger import Ledger
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said
from bot.workflows.messages import TaskResult
from tests.whole.town import Town

DURABLE = ["acknowledgement", "card:r1", "outcome", "progress", "run:r1"]
"""The keys of all messages that such a task leaves in its thread."""

_TOLD = re.compile(r"[a-z]+-away:\d+")
"""That a part did not answer in time, which a busy machine can make happen to any task. No work is in it, but once."""


async def flaws_of(town: Town, said: Said, result: TaskResult, *, estate: SampleEstate, ledger: Ledger) -> list[str]:
    """Empty for a task that Grace approved and that ended as if nobody had ever died."""
    found: list[str] = []
    if (result.outcome, result.approvers) != ("completed", ["U0GRACE001"]):
        found.append(f"it ended {result.outcome}, approved by {result.approvers}: {result.detail}")
    keys = sorted(_key(message) for message in await town.stage.thread(said, "grace") if _is_durable(message))
    posted = [key for key in keys if not _TOLD.fullmatch(key)]
    if posted != DURABLE or len(keys) != len(set(keys)):
        found.append(f"its durable messages are {keys}")
    changes = await estate.journal(town.stack.org)
    if not changes or max(Counter(change.asset_id for change in changes).values()) > 1:
        found.append(f"it changed {[(change.key, change.asset_id) for change in changes]}")
    if any(not change.ok or change.kind != "rollout" for change in changes):
        found.append("not every change is a rollout that went well")
    entries = await ledger.show(town.stack.org, task_id=result.task_id, limit=1000)
    kinds = Counter(entry.kind for entry in entries)
    once = {kind: kinds[kind] for kind in ("task_received", "decision_accepted", "task_ended")}
    if set(once.values()) != {1}:
        found.append(f"the ledger has {once}")
    intents = [entry.key for entry in entries if entry.key.endswith(":intent")]
    if len(intents) != len({change.key for change in changes}):
        found.append(f"of {len(changes)} changes the ledger announces {intents}")
    if not (await ledger.verify(town.stack.org)).ok:
        found.append("the ledger does not verify")
    return [f"{said.ts}: {flaw}" for flaw in found]


def _is_durable(message: dict[str, Any]) -> bool:
    return bool(message.get("bot_id")) and not message.get("is_ephemeral")


def _key(message: dict[str, Any]) -> str:
    metadata: dict[str, Any] = message.get("metadata") or {}
    payload: dict[str, Any] = metadata.get("event_payload") or {}
    return str(payload.get("key", "without a key"))
