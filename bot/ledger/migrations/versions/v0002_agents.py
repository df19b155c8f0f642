"""On whose account a model was called; and requests by age, for those that are kept only for a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("ai_request_logs", sa.Column("agent", sa.Text(), nullable=True))
    op.create_index("ix_ai_request_logs_created_at", "ai_request_logs", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_ai_request_logs_created_at", "ai_request_logs")
    op.drop_column("ai_request_logs", "agent")
