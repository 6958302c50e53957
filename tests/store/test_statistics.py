"""What was just filled is known to PostgreSQL before anything is asked of it: no join goes row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pyarrow as pa
import pytest
import sqlalchemy as sa

from domain.ids import DistrictCode, PersonId, RunId, SnapshotId, SourcedId
from domain.tables import ROSTER, RosterTable
from sisbridge.store import bulk, identity, people, roster, staging
from sisbridge.store.database import Connection, Store
from sisbridge.store.tables.grades import person, person_link
from sisbridge.store.tables.identity import identity_key
from sisbridge.store.tables.roster import change
from sisbridge.store.tables.roster import roster as roster_tables
from tests.store.examples import NIGHT, NORTH, SOUTH, YEAR

MANY = 2_500
USERS = [f"u{number}" for number in range(MANY)]
AT = datetime(2026, 1, 5, 3, tzinfo=UTC)

pytestmark = pytest.mark.postgres


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """PostgreSQL alone: SQLite plans nothing by what it believes of a table."""
    return postgres_url


def keys(users: list[str]) -> pa.Table:
    """Fingerprints of some users: nobody shares one."""
    return pa.table(
        {
            "user_sourced_id": users,
            "identity_id": [f"state {user}" for user in users],
            "local_fingerprint": [f"local {user}" for user in users],
        }
    )


def persons(users: list[str]) -> dict[SourcedId, PersonId]:
    """A person for each user."""
    return {SourcedId(user): PersonId(f"p-{user}") for user in users}


def fill_unseen(conn: Connection) -> None:
    """Fill the tables of identity behind the back of everything that looks at them anew."""
    same = {"district_code": NORTH}
    bulk.insert(conn, person, pa.table({"person_id": USERS}), {**same, "created_on": NIGHT})
    bulk.insert(conn, identity_key, keys(USERS), {**same, "school_year": YEAR})
    linked = pa.table({"user_sourced_id": USERS, "person_id": USERS})
    bulk.insert(conn, person_link, linked, {**same, "school_year": YEAR, "valid_from": NIGHT})
    students = pa.table(
        {"sourced_id": [f"r-{user}" for user in (*USERS, "new")], "user_sourced_id": [*USERS, "new"]}
    )
    alike = {"role": "student", "digest": b"d", "roster_year": YEAR}
    alike |= {"first_snapshot_id": "s", "last_changed_snapshot_id": "s"}
    bulk.insert(conn, roster_tables[RosterTable.ROLES], students, {**same, **alike})


def rows_read(conn: Connection) -> int:
    """How many rows this transaction has read from all tables."""
    read = sa.text("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
    return int(conn.scalar(read) or 0)


def expected(conn: Connection, table: sa.Table, district: str) -> int:
    """How many rows of a district PostgreSQL expects in a table."""
    asked = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {table.name} WHERE district_code = '{district}'"
    (plan,) = conn.exec_driver_sql(asked).scalar_one()
    return int(plan["Plan"]["Plan Rows"])


def test_whether_all_are_persons_is_not_found_out_row_by_row(region: Store) -> None:
    with region.begin("test") as conn:
        fill_unseen(conn)
        before = rows_read(conn)
        assert identity.is_settled(conn, NORTH, YEAR)
        assert identity.unsettled(conn, NORTH, YEAR).to_pylist() == ["new"]
        assert rows_read(conn) - before <= 7 * MANY


def test_a_first_load_of_people_is_known_at_once(region: Store) -> None:
    with region.begin("test") as conn:
        identity.save_keys(conn, NORTH, YEAR, keys(USERS))
        people.add_links(conn, NORTH, YEAR, persons(USERS), NIGHT)
        found = [expected(conn, table, NORTH) for table in (identity_key, person, person_link)]
    assert all(MANY / 2 <= rows <= MANY * 2 for rows in found)


def test_the_next_districts_first_load_is_known_too(region: Store) -> None:
    with region.begin("test") as conn:
        identity.save_keys(conn, NORTH, YEAR, keys(USERS))
    with region.begin("test") as conn:
        identity.save_keys(conn, SOUTH, YEAR, keys(USERS))
        assert MANY / 2 <= expected(conn, identity_key, SOUTH) <= MANY * 2


def test_a_new_school_year_is_known_too(region: Store) -> None:
    with region.begin("test") as conn:
        identity.save_keys(conn, NORTH, YEAR, keys(USERS))
        identity.save_keys(conn, NORTH, "2026-2027", keys(USERS))
        asked = "EXPLAIN (FORMAT JSON) SELECT 1 FROM identity_key WHERE school_year = '2026-2027'"
        (plan,) = conn.exec_driver_sql(asked).scalar_one()
    assert MANY / 2 <= plan["Plan"]["Plan Rows"] <= MANY * 2


def test_a_first_load_of_the_roster_and_its_history_is_known_at_once(region: Store) -> None:
    table = RosterTable.ACADEMIC_SESSIONS
    digests = [user.encode().ljust(16) for user in USERS]
    changes = pa.table(
        {
            "sourced_id": USERS,
            "op": ["add"] * MANY,
            "before_digest": pa.nulls(MANY, pa.binary(16)),
            "after_digest": pa.array(digests, pa.binary(16)),
        }
    )
    values = {name: pa.nulls(MANY, pa.string()) for name in ROSTER[table].names} | {"sourced_id": USERS}
    with region.begin("test") as conn:
        roster.apply(
            conn, NORTH, table, staging.beside(NORTH, table, changes, pa.table(values)),
            snapshot_id=SnapshotId("s-1"), run_id=RunId("r-1"), night_on=NIGHT, school_year=YEAR,
            actor="nightly run", at=AT,
        )  # fmt: skip
        roster.count_anew(conn, NORTH, {table: MANY})
        found = [expected(conn, one, NORTH) for one in (roster.roster[table], change)]
    assert all(MANY / 2 <= rows <= MANY * 2 for rows in found)


def test_a_table_that_is_known_is_not_counted_again(region: Store) -> None:
    said: list[str] = []
    with region.begin("test") as conn:
        sa.event.listen(conn, "before_cursor_execute", lambda *event: said.append(event[2]))
        identity.save_keys(conn, NORTH, YEAR, keys(USERS))
        identity.save_keys(conn, NORTH, YEAR, keys(USERS))
    assert [text.split(")")[0] for text in said if "ANALYZE" in text] == ["ANALYZE (SKIP_LOCKED"]


def test_of_two_districts_that_load_side_by_side_both_are_known(region: Store) -> None:
    def load(district: DistrictCode) -> None:
        with region.begin("load") as conn:
            conn.exec_driver_sql("SET LOCAL lock_timeout = '20s'")
            identity.save_keys(conn, district, YEAR, keys(USERS))
            people.add_links(conn, district, YEAR, persons(USERS), NIGHT)

    with region.begin("first") as first:
        identity.save_keys(first, NORTH, YEAR, keys(USERS))
        second = Thread(target=load, args=(SOUTH,), daemon=True)
        second.start()
        second.join(timeout=1)
        assert second.is_alive()
        people.add_links(first, NORTH, YEAR, persons(USERS), NIGHT)
    second.join(60)
    with region.read() as conn:
        found = [
            expected(conn, table, code) for table in (identity_key, person_link) for code in (NORTH, SOUTH)
        ]
        assert [identity.is_settled(conn, code, YEAR) for code in (NORTH, SOUTH)] == [True, True]
    assert all(MANY / 2 <= rows <= MANY * 2 for rows in found)
