"""Evaluations know which collection their question set is kept with."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: sets were always those of the evaluation's own collection."""
    op.add_column("evaluations", sa.Column("set_collection", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE evaluations SET set_collection = collection")


def downgrade() -> None:
    """Remove the column."""
    with op.batch_alter_table("evaluations") as batch:
        batch.drop_column("set_collection")
