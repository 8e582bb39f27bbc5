"""Tables kept apart from the names of collections; notes, tokens, report and signature of documents."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLLECTIONS = ("table_name", "purpose", "revises")
_DOCUMENTS = ("notes", "tokens", "report", "signature")


def upgrade() -> None:
    """Add the columns; a collection's table is the one of its name so far."""
    for name in _COLLECTIONS:
        op.add_column("collections", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute(sa.text("UPDATE collections SET table_name = name"))
    op.add_column("documents", sa.Column("notes", sa.Text(), nullable=False, server_default=""))
    op.add_column("documents", sa.Column("tokens", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("documents", sa.Column("report", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("documents", sa.Column("signature", sa.LargeBinary(), nullable=False, server_default=""))


def downgrade() -> None:
    """Remove the columns; collections that were renamed lose their tables."""
    for table, columns in (("collections", _COLLECTIONS), ("documents", _DOCUMENTS)):
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)
