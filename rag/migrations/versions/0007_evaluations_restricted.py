"""Evaluations know what they were asked of, and how many questions that left out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: those there were asked of everything in their collection."""
    op.add_column("evaluations", sa.Column("scope", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("evaluations", sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Remove the columns."""
    with op.batch_alter_table("evaluations") as batch:
        for name in ("scope", "left_out"):
            batch.drop_column(name)
