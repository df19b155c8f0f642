"""What every layer writes down, and the door it writes through. ADR-007, telemetry requirements."""

from __future__ import annotations

from typing import Literal, Protocol

from tools.contracts.common import JsonObject

LedgerKind = Literal[
    "task_received",
    "file_received",
    "thread_opened",
    "task_spec",
    "question_asked",
    "question_answered",
    "parts_confirmed",
    "agent_invoked",
    "tool_called",
    "llm_called",
    "llm_answer_reused",
    "evidence_gathered",
    "member_answered",
    "council_voted",
    "plan_proposed",
    "plan_validated",
    "report_proposed",
    "report_validated",
    "handed_over",
    "alert_heard",
    "alert_triaged",
    "approval_requested",
    "approval_reminded",
    "approval_escalated",
    "follow_up_heard",
    "plan_edited",
    "plan_superseded",
    "plan_explained",
    "approval_waived",
    "plan_shown",
    "decision_accepted",
    "decision_refused",
    "run_paused",
    "run_resumed",
    "run_cancelled",
    "control_refused",
    "mode_set",
    "role_lent",
    "role_taken_back",
    "change_frozen",
    "change_thawed",
    "feedback_given",
    "phase_started",
    "phase_finished",
    "rollback_finished",
    "task_ended",
    "provider_key_set",
    "provider_key_deleted",
    "provider_keys_rotated",
    "workspace_installed",
    "workspace_removed",
    "entries_lost",
]


class Recorder(Protocol):
    """Appends to an org's chain. The entry is durable when the call returns."""

    async def record(
        self,
        kind: LedgerKind,
        body: JsonObject,
        *,
        org: str,
        task_id: str,
        actor: str,
        key: str,
    ) -> None:
        """Append one entry; a second call with the same (org, task_id, key) changes nothing.

        `actor` is a Slack user id, `agent:<name>`, `model:<name>` or `gavel`. `body` is redacted before it is
        written. Raises `LedgerUnavailable` when it cannot be made durable: the caller must then not go on.
        """
        ...


class LedgerUnavailable(Exception):
    """An entry could not be made durable. Nothing may happen that would go unrecorded."""
