"""Row-level security on PostgreSQL: a role that sees the rows of one district and of no other.

Every table with a district carries one policy. The account that owns the tables, which the nightly run
uses, is not bound by it; a role made with `grant` is. Which district it sees is set for one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.errors import ContractBroken
from domain.ids import DistrictCode
from sisbridge.store.tables import METADATA, WITHOUT_DISTRICT

CONSOLE_ROLE = "sisbridge_console"
"""The role that a person's own view of the store takes on."""

_POLICY = "only_one_district"
_SETTING = "sisbridge.district"
_LOCKED_AWAY = frozenset({"district_key", "secret"})
"""What a person's view has no use for, sealed or not."""


def protect(conn: Connection) -> None:
    """Give every table that has a district its policy; safe to repeat, does nothing on SQLite."""
    if conn.dialect.name != "postgresql":
        return
    guarded = set(
        conn.scalars(sa.text("SELECT tablename FROM pg_policies WHERE schemaname = current_schema()"))
    )
    for name in sorted(set(METADATA.tables) - WITHOUT_DISTRICT - guarded):
        column = "code" if name == "district" else "district_code"
        seen = f"({column} = current_setting('{_SETTING}', true))"
        conn.exec_driver_sql(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY')
        conn.exec_driver_sql(f'CREATE POLICY {_POLICY} ON "{name}" USING {seen} WITH CHECK {seen}')


def grant(conn: Connection, role: str = CONSOLE_ROLE) -> None:
    """Make a role that may read every table but keys and secrets, and let this account take it on.

    Safe to repeat, and to be repeated after an upgrade that brought new tables. The account needs the
    right to create roles. Raises ContractBroken CF70 where there is no PostgreSQL.
    """
    _require_postgresql(conn)
    quoted = conn.dialect.identifier_preparer.quote_identifier(role)
    exists = conn.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if not exists:
        conn.exec_driver_sql(f"CREATE ROLE {quoted} NOLOGIN NOSUPERUSER NOBYPASSRLS")
    schema = conn.scalar(sa.text("SELECT quote_ident(current_schema())"))
    names = ", ".join(f'"{name}"' for name in sorted(set(METADATA.tables) - _LOCKED_AWAY))
    conn.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
    conn.exec_driver_sql(f"GRANT SELECT ON {names} TO {quoted}")
    conn.exec_driver_sql(f"GRANT {quoted} TO CURRENT_USER")


def see_only(conn: Connection, district: DistrictCode, role: str = CONSOLE_ROLE) -> None:
    """Bind the rest of this transaction to a role and to one district's rows.

    Raises ContractBroken CF70 where there is no PostgreSQL: SQLite cannot keep districts apart.
    """
    _require_postgresql(conn)
    quoted = conn.dialect.identifier_preparer.quote_identifier(role)
    setting = sa.text("SELECT set_config(:name, :district, true)")
    conn.execute(setting, {"name": _SETTING, "district": district})
    conn.exec_driver_sql(f"SET LOCAL ROLE {quoted}")


def _require_postgresql(conn: Connection) -> None:
    if conn.dialect.name != "postgresql":
        raise ContractBroken(
            "CF70",
            "This store cannot keep districts apart by itself: it is SQLite.",
            fix="Use PostgreSQL where anyone but the nightly run looks into the store.",
        )
