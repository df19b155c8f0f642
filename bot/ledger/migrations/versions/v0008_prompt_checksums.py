"""Which bytes of a prompt a model was asked with: a version can be given twice, a checksum cannot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("ai_request_logs", sa.Column("prompt_checksum", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("ai_request_logs", "prompt_checksum")
