"""Documents know their authors and the day they are dated; those read before do once they are read again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty."""
    op.add_column("documents", sa.Column("authors", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("documents", sa.Column("dated", sa.Date(), nullable=True))


def downgrade() -> None:
    """Remove the columns."""
    with op.batch_alter_table("documents") as batch:
        for name in ("authors", "dated"):
            batch.drop_column(name)
