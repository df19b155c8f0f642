"""A workspace removed the app: its tokens are forgotten, and its tasks are stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.removal import revoked_bots
from bot.tenants.granting import TASK
from bot.tenants.store import SqlInstallations
from tools.contracts.control import Control
from tools.contracts.identity import TERMINAL
from tools.contracts.ledger import Recorder

REMOVALS = frozenset({"app_uninstalled", "tokens_revoked"})

WHO = f"{TERMINAL}slack"
"""In whose name the tasks are stopped: no person clicked, and nothing is approved by it."""

MOST_TASKS = 1000
"""Named in the entry of the ledger, and stopped. What is left ends when it next has something to say."""

_ORG = re.compile(r"[A-Z0-9]+")


@dataclass(frozen=True)
class Leaving:
    """Raises `LedgerUnavailable` and `HandOverFailed`: then Slack tells it again, and what was done is done once."""

    store: SqlInstallations
    ledger: Recorder
    temporal: Client
    intake: Intake
    forget: Callable[[str], None]
    """What this process remembers of the tenant."""

    async def hear(self, org: str, body: dict[str, Any]) -> None:
        """One of :data:`REMOVALS`, as Slack signed it."""
        kind = str(body["event"]["type"])
        # Whole seconds, rounded down: what was installed in the same one was there before.
        at = datetime.fromtimestamp(int(body.get("event_time") or 0) + 1, UTC)
        installed = {one.org: one for one in await self.store.all()}.get(org)
        if installed is not None and installed.installed_at > at:
            return  # it was installed anew since
        if installed is not None and kind == "tokens_revoked" and installed.bot_user_id not in revoked_bots(body):
            return  # a person's
        tasks = await self._running(org)
        # Slack tells a removal twice, by both events, and tells it of who never had the app. It is forgotten when it
        # is on record, so that it is there once.
        if installed is not None:
            await self.ledger.record(
                "workspace_removed",
                {"event": kind, "tasks": tasks},
                org=org,
                task_id=TASK,
                actor="gavel",
                key=f"removed:{body.get('event_id', '')}",
            )
            await self.store.remove(org, before=at)
        self.forget(org)
        for task in tasks:
            await self._stop(org, task)
        if installed is not None or tasks:
            structlog.get_logger("gavel.slack").warning(
                "A workspace removed the app. Its tokens are forgotten and its tasks are told to stop.",
                org=org,
                tasks=len(tasks),
            )

    async def _running(self, org: str) -> list[str]:
        if not _ORG.fullmatch(org):
            return []  # no id that Slack gives: it must not become a query
        query = f"WorkflowId STARTS_WITH '{org}.' AND ExecutionStatus = 'Running' AND WorkflowType = 'gavel-task'"
        try:
            found = self.temporal.list_workflows(query, limit=MOST_TASKS, rpc_timeout=timedelta(seconds=2))
            return [task.id async for task in found]
        except (RPCError, RuntimeError) as error:
            raise HandOverFailed(f"Temporal did not say which tasks of {org} run: {error}") from error

    async def _stop(self, org: str, task: str) -> None:
        control = Control(
            org=org,
            task_id=task,
            action="cancel",
            user=WHO,
            channel="",
            reason="The app was removed from the workspace.",
            unique=f"removed-{task}",
            issued_at=datetime.now(UTC).isoformat(),
        )
        try:
            await self.intake.control(control)
        except TaskEnded:
            return
