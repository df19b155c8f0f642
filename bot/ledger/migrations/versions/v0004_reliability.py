"""What became of what councils carried, and how each member had voted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "council_labels",
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("margin", sa.Double[float](), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org", "task_id", "item"),
    )
    op.create_index("ix_council_labels_org_agent_created_at", "council_labels", ["org", "agent", "created_at"])
    op.create_table(
        "council_votes",
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("org", "task_id", "item", "member"),
    )


def downgrade() -> None:
    op.drop_table("council_votes")
    op.drop_index("ix_council_labels_org_agent_created_at", "council_labels")
    op.drop_table("council_labels")
