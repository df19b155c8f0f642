"""Advisories, their names, the packages they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "advisories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_advisories_modified_id", "advisories", ["modified", "id"])
    for table, columns, others in (
        ("advisory_names", ("name",), ()),
        ("advisory_packages", ("ecosystem", "package"), ("affected",)),
    ):
        op.create_table(
            table,
            *(sa.Column(name, sa.Text(), nullable=False) for name in (*columns, "advisory_id", *others)),
            sa.ForeignKeyConstraint(["advisory_id"], ["advisories.id"], ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(*columns, "advisory_id"),
        )
        op.create_index(f"ix_{table}_advisory_id", table, ["advisory_id"])


def downgrade() -> None:
    op.drop_table("advisory_packages")
    op.drop_table("advisory_names")
    op.drop_table("advisories")
