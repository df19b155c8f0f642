"""Which tasks there are, for those who look for theirs; and where declared freezes stand in the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_WORDS = (
    *("user_id", "source", "channel", "thread_ts", "goal", "agent", "environment", "status"),
    *("roles", "voters", "expires_at", "outcome", "received_at", "changed_at"),
)


_FREEZES = sa.text("kind IN ('change_frozen', 'change_thawed')")


def upgrade() -> None:
    op.create_index(
        "ix_ledger_entries_freezes",
        "ledger_entries",
        ["org", "seq"],
        sqlite_where=_FREEZES,
        postgresql_where=_FREEZES,
    )
    op.create_table(
        "tasks",
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _WORDS),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Double[float](), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "task_id"),
    )
    op.create_index("ix_tasks_org_channel_received_at", "tasks", ["org", "channel", "received_at"])
    op.create_index("ix_tasks_org_user_received_at", "tasks", ["org", "user_id", "received_at"])
    op.create_index("ix_tasks_org_status", "tasks", ["org", "status"])
    op.create_index("ix_tasks_org_seq", "tasks", ["org", "seq"])


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_freezes", "ledger_entries")
    op.drop_table("tasks")
