"""A role bound to one district sees and touches that district's rows and no others, in every table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import ContractBroken
from sisbridge.store import migrations, row_security
from sisbridge.store.database import Store
from sisbridge.store.tables import METADATA, WITHOUT_DISTRICT
from tests.store.examples import NORTH, SOUTH

OF_DISTRICTS = sorted(set(METADATA.tables) - WITHOUT_DISTRICT)
LOCKED_AWAY = ["district_key", "secret"]
ROLE = "sisbridge_console_in_tests"
VALUES = {
    sa.Text: "x",
    sa.Integer: 1,
    sa.BigInteger: 1,
    sa.Float: 1.0,
    sa.Boolean: False,
    sa.LargeBinary: b"x",
    sa.JSON: {},
    sa.Date: date(2026, 1, 5),
}


@pytest.fixture(scope="module")
def filled(postgres_server: str) -> Iterator[Store]:
    """A store with a row of each of two districts in every table, and a role with every right to them."""
    from tests.support.postgres import fresh_database

    with fresh_database(postgres_server) as url:
        store = Store(url)
        migrations.upgrade(store)
        with store.begin("fill") as conn:
            # What is tried here is who sees a row, not whether the rows fit together.
            conn.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for name in OF_DISTRICTS:
                for district in (NORTH, SOUTH):
                    conn.execute(sa.insert(METADATA.tables[name]).values(row(name, district)))
            row_security.grant(conn, ROLE)
            conn.execute(sa.text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}"))
        yield store
        store.dispose()
        with Store(url).begin("drop") as conn:
            conn.execute(sa.text(f"DROP OWNED BY {ROLE}"))
            conn.execute(sa.text(f"DROP ROLE {ROLE}"))


def row(name: str, district: str) -> dict[str, Any]:
    """Return a row that fits a table's columns."""
    return {column.name: value(column, district) for column in METADATA.tables[name].columns}


def value(column: sa.Column[Any], district: str) -> object:
    """Return a value that fits a column."""
    if column is column.table.c.get(key_of(column.table)):
        return district
    return next((fit for kind, fit in VALUES.items() if isinstance(column.type, kind)), datetime.now(UTC))


def key_of(table: sa.Table) -> str:
    """Return the column that names the district."""
    return "code" if table.name == "district" else "district_code"


@pytest.mark.postgres
@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_only_the_rows_of_the_district_it_was_set_to_are_seen(filled: Store, name: str) -> None:
    table = METADATA.tables[name]
    with filled.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(table)) == 2
        row_security.see_only(conn, NORTH, ROLE)
        assert list(conn.scalars(sa.select(table.c[key_of(table)]))) == [NORTH]


@pytest.mark.postgres
@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_nothing_can_be_written_for_another_district(filled: Store, name: str) -> None:
    table = METADATA.tables[name]
    with filled.begin("try") as conn:
        row_security.see_only(conn, NORTH, ROLE)
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), conn.begin_nested():
            conn.execute(sa.insert(table).values(row(name, "west")))
        theirs = table.c[key_of(table)] == SOUTH
        assert conn.execute(sa.update(table).where(theirs).values({key_of(table): NORTH})).rowcount == 0
        assert conn.execute(sa.delete(table).where(theirs)).rowcount == 0


@pytest.mark.postgres
@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_without_a_district_nothing_is_seen(filled: Store, name: str) -> None:
    with filled.read() as conn:
        conn.execute(sa.text(f"SET LOCAL ROLE {ROLE}"))
        assert conn.scalar(sa.select(sa.func.count()).select_from(METADATA.tables[name])) == 0


@pytest.mark.postgres
def test_the_role_reads_neither_keys_nor_secrets_and_writes_nothing(postgres_url: str) -> None:
    store, role = Store(postgres_url), "sisbridge_reader_in_tests"
    migrations.upgrade(store)
    with store.begin("grant") as conn:
        row_security.grant(conn, role)
        row_security.grant(conn, role)
    with store.read() as conn:
        rights = {
            name: [
                right
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                if conn.scalar(sa.select(sa.func.has_table_privilege(role, f'"{name}"', right)))
            ]
            for name in METADATA.tables
        }
    assert {name for name, found in rights.items() if not found} == set(LOCKED_AWAY)
    assert {tuple(found) for found in rights.values() if found} == {("SELECT",)}
    with store.begin("drop") as conn:
        conn.execute(sa.text(f"DROP OWNED BY {role}"))
        conn.execute(sa.text(f"DROP ROLE {role}"))
    store.dispose()


def test_sqlite_refuses_to_pretend(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    migrations.upgrade(store)
    with store.read() as conn, pytest.raises(ContractBroken, match="CF70"):
        row_security.see_only(conn, NORTH)
    store.dispose()
