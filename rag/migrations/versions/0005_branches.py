"""Turns know which one they follow and which version is shown; what people thought of an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the turns so far follow each other in order."""
    op.add_column("turns", sa.Column("parent_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("turns", sa.Column("chosen", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("turns", sa.Column("judgement", sa.JSON(), nullable=False, server_default="{}"))
    op.execute(
        sa.text(
            "UPDATE turns SET parent_id = COALESCE((SELECT earlier.id FROM turns AS earlier "
            "WHERE earlier.conversation_id = turns.conversation_id AND earlier.position < turns.position "
            "ORDER BY earlier.position DESC LIMIT 1), '')"
        )
    )


def downgrade() -> None:
    """Remove the columns; every version of a turn becomes a turn of its own."""
    with op.batch_alter_table("turns") as batch:
        for name in ("parent_id", "chosen", "judgement"):
            batch.drop_column(name)
