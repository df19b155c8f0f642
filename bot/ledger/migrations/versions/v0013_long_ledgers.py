"""Indexes for long ledgers: a task's entries, those of a kind, open tasks, one person's calls, a member's votes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_OPEN = sa.text("status <> 'ended'")
_WAITING = sa.text("status = 'awaiting_approval'")
_BY_PERSON = ("ai_request_logs", "ai_cache_hits")


def upgrade() -> None:
    op.create_index("ix_ledger_entries_org_task_seq", "ledger_entries", ["org", "task_id", "seq"])
    op.create_index("ix_ledger_entries_org_kind_seq", "ledger_entries", ["org", "kind", "seq"])
    op.drop_index("ix_tasks_org_status", "tasks")
    op.create_index("ix_tasks_org_received_at", "tasks", ["org", "received_at"])
    op.create_index("ix_tasks_open", "tasks", ["org", "received_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "ix_tasks_waiting", "tasks", ["org", "expires_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
    op.create_index("ix_council_votes_org_member_right", "council_votes", ["org", "member", "right"])
    for table in _BY_PERSON:
        op.create_index(f"ix_{table}_org_user_created_at", table, ["org", "user_id", "created_at"])


def downgrade() -> None:
    for table in _BY_PERSON:
        op.drop_index(f"ix_{table}_org_user_created_at", table)
    op.drop_index("ix_council_votes_org_member_right", "council_votes")
    op.drop_index("ix_tasks_waiting", "tasks")
    op.drop_index("ix_tasks_open", "tasks")
    op.drop_index("ix_tasks_org_received_at", "tasks")
    op.create_index("ix_tasks_org_status", "tasks", ["org", "status"])
    op.drop_index("ix_ledger_entries_org_kind_seq", "ledger_entries")
    op.drop_index("ix_ledger_entries_org_task_seq", "ledger_entries")
