"""What must hold whatever failed, as the estate, the ledger and the workspace have it, not the product's logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowExecutionStatus

from bot.blocks.actions import APPROVE
from bot.local.estate.change import JournalEntry
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.chaos.arena import Arena
from tests.chaos.crowd import Crowd, Request
from tools.contracts.ledger import LedgerKind


@dataclass
class Findings:
    """The figures, and every breach."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    changes: int = 0
    messages: int = 0
    entries: int = 0
    breaches: list[str] = field(default_factory=list[str])


async def examine(arena: Arena, crowd: Crowd) -> Findings:
    """All of it, when nothing fails any more and everything that can end has ended."""
    found = Findings()
    changes = await arena.town.estate.journal(arena.town.stack.org)
    found.changes = len(changes)
    known = {request.task for request in crowd.requests}
    if strays := [change.key for change in changes if _task_of(change) not in known]:
        found.breaches.append(f"changes that belong to no request: {strays}")
    for request in crowd.requests:
        mine = [change for change in changes if _task_of(change) == request.task]
        problems = await _problems(arena, crowd, request, mine, found)
        found.breaches += [f"{request.task} ({request.intent}): {problem}" for problem in problems]
    verification = await arena.town.ledger.verify(arena.town.stack.org)
    if not verification.ok:
        found.breaches.append(f"the ledger does not verify: {verification}")
    found.breaches += arena.cast.unasked
    return found


async def _problems(
    arena: Arena, crowd: Crowd, request: Request, changes: list[JournalEntry], found: Findings
) -> list[str]:
    problems = list[str]()
    status = await crowd.status(request)
    thread = await arena.town.stage.thread(request.said, "grace")
    keys = Counter(key for message in thread if (key := _key(message)))
    found.messages += keys.total()
    if twice := {key: count for key, count in keys.items() if count > 1}:
        problems.append(f"said more than once: {twice}")
    entries = await arena.town.ledger.show(arena.town.stack.org, task_id=request.task, limit=1000)
    found.entries += len(entries)
    kinds = Counter(entry.kind for entry in entries)

    def once(kind: LedgerKind) -> None:
        if kinds[kind] != 1:
            problems.append(f"the ledger has {kinds[kind]} entries {kind}")

    outcome = "waiting"
    if status is None:
        outcome = "lost"
        problems.append(f"nobody took the request: {sorted(keys)}")
    elif status is WorkflowExecutionStatus.RUNNING:
        if not any(f"'{APPROVE}'" in str(message) for message in thread):
            problems.append(f"it neither ended nor waits visibly: {sorted(keys)}")
        if request.decided:
            problems.append("it was decided and still waits")
    elif status is not WorkflowExecutionStatus.COMPLETED:
        outcome = status.name
        problems.append(f"the workflow ended {status.name}")
    else:
        handle = arena.town.temporal.get_workflow_handle_for(TaskWorkflow.run, request.task)
        result: TaskResult = await handle.result()
        outcome = result.outcome
        once("task_received")
        once("task_ended")
        if "outcome" not in keys:
            problems.append(f"it ended {outcome}, and the thread does not say so: {sorted(keys)}")
        if outcome == "completed" and (waiting := await _still_drifted(arena, request, changes)):
            problems.append(f"it says completed, and these were not changed: {waiting}")
        if request.intent == "approve" and outcome == "rejected":
            problems.append("nobody rejected it")
    found.outcomes[outcome] += 1
    problems += breaches_of(request, changes, [(entry.kind, entry.key, entry.actor) for entry in entries])
    return problems


def breaches_of(request: Request, changes: list[JournalEntry], entries: list[tuple[str, str, str]]) -> list[str]:
    """No state change without a valid decision before it, and none twice. `entries`: kind, key and actor, in order."""
    if not changes:
        return []
    problems = list[str]()
    if not request.approved:
        problems.append("the estate was changed, and nobody who may had approved")
    rollouts = Counter(change.asset_id for change in changes if change.kind == "rollout")
    if twice := {asset: count for asset, count in rollouts.items() if count > 1}:
        problems.append(f"changed more than once: {twice}")
    if outside := set(rollouts) - set(request.group.assets):
        problems.append(f"changed what was not asked for: {sorted(outside)}")
    decided = [
        at for at, (kind, _, actor) in enumerate(entries) if kind == "decision_accepted" and actor == "U0GRACE001"
    ]
    announced = [at for at, (_, key, _) in enumerate(entries) if key.endswith(":intent")]
    if len(decided) != 1:
        problems.append(f"the ledger has {len(decided)} decisions of Grace")
    elif not announced or announced[0] < decided[0]:
        problems.append("the ledger has the first change before the decision, or not at all")
    if len(announced) != len({change.key for change in changes}):
        problems.append(
            f"{len({change.key for change in changes})} changes, of which the ledger announces {len(announced)}"
        )
    return problems


async def _still_drifted(arena: Arena, request: Request, changes: list[JournalEntry]) -> list[str]:
    """Assets of the group that this task, which says that it is done, did not bring to the golden image."""
    done = {change.asset_id for change in changes if change.ok}
    return sorted(set(request.group.assets) - done)


def _task_of(change: JournalEntry) -> str:
    return change.key.partition(":")[0]


def _key(message: dict[str, Any]) -> str:
    if not message.get("bot_id") or message.get("ephemeral"):
        return ""
    metadata: dict[str, Any] = message.get("metadata") or {}
    payload: dict[str, Any] = metadata.get("event_payload") or {}
    return str(payload.get("key", "a message without a key"))
