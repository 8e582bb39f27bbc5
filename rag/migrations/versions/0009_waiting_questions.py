"""Questions that wait for their turn are kept with their conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "waiting_questions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_waiting_questions_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_questions"),
        sa.UniqueConstraint(
            "conversation_id", "position", name="uq_waiting_questions_conversation_id_position"
        ),
    )


def downgrade() -> None:
    """Remove it, and what waits."""
    op.drop_table("waiting_questions")
