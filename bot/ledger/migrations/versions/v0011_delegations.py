"""Roles that approvers have lent, until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "delegations",
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org", "giver", "taker"),
    )
    op.create_index("ix_delegations_org_taker", "delegations", ["org", "taker"])


def downgrade() -> None:
    op.drop_table("delegations")
