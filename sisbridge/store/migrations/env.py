"""What Alembic runs: the migrations, on the connection that `upgrade` holds open in its transaction."""

from __future__ import annotations

from alembic import context

from sisbridge.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    transactional_ddl=False,  # the transaction is the caller's: it begins and ends outside
)
context.run_migrations()
