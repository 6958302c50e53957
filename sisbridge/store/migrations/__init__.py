"""The schema's history, and bringing a store up to date."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.errors import ContractBroken
from sisbridge.store import row_security
from sisbridge.store.database import Store

HEAD = "0016"
"""The newest revision, known without loading Alembic: most processes start on a store that is up to date."""

_LOCK = 0x5157_B41D
"""Our own number among PostgreSQL's advisory locks."""


def upgrade(store: Store) -> None:
    """Bring the schema up to date; does nothing, quickly, when it is.

    Safe when many processes start at once: one migrates, the others wait and find it done. Raises
    ContractBroken CF14 for a store that a newer sisbridge has brought further.
    """
    with store.read() as conn:
        if current(conn) == HEAD:
            return
    with store.begin("upgrade") as conn:
        if store.dialect == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        at = current(conn)
        if at is not None and at > HEAD:
            raise ContractBroken(
                "CF14",
                f"The store is at revision {at}, which this sisbridge does not know: it goes to {HEAD}.",
                fix="Use the newer sisbridge that brought the store there.",
            )
        if at != HEAD:
            _migrate(conn)
            row_security.protect(conn)


def current(conn: Connection) -> str | None:
    """Return the revision a database is at, or None when it is empty."""
    if not sa.inspect(conn).has_table("alembic_version"):
        return None
    revision: str | None = conn.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate(conn: Connection) -> None:
    # Loading Alembic takes a quarter of a second.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
