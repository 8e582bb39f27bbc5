"""How Alembic runs the migrations: on the connection that rag/database.py hands over.

It opens no database by itself and writes no SQL scripts.
"""

from alembic import context

import rag.job_tables
import rag.question_tables  # noqa: F401  (the models of both belong to the metadata)
from rag.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
