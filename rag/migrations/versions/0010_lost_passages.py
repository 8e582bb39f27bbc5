"""Evaluations know how many passages of their questions were no longer in their documents."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: of those there are, it is not known."""
    op.add_column("evaluations", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Remove the column."""
    with op.batch_alter_table("evaluations") as batch:
        batch.drop_column("lost")
