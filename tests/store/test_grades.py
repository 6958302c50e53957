"""Every revision of a grade is kept, sealed, and released once."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from domain.errors import ContractBroken
from domain.grading import GradeValue, Mark
from sisbridge.store import grades
from sisbridge.store.database import Store
from sisbridge.store.grades import GradeState
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import grade
from tests.store.examples import AT, GRADE, NORTH, SOUTH, record, save_grade


def release(store: Store, revision: int = 1, actor: str = "ann") -> None:
    """Release one revision."""
    with store.begin("release") as conn:
        grades.release(conn, NORTH, GRADE, revision, actor, AT)


@pytest.mark.parametrize(
    "value",
    [
        GradeValue(Decimal("88.50"), None),
        GradeValue(None, "P", Mark.PASS),
        GradeValue(Decimal(0), "", Mark.INCOMPLETE),
    ],
)
def test_a_grade_comes_back_exactly(region: Store, keyring: Keyring, value: GradeValue) -> None:
    saved = record(value=value, comment="çà\n")
    save_grade(region, keyring, saved)
    with region.read() as conn:
        loaded = grades.newest(conn, keyring, NORTH, GRADE)
    assert loaded == saved
    assert str(loaded.value.percent) == str(value.percent)


def test_nothing_of_a_grade_lies_in_clear(region: Store, keyring: Keyring) -> None:
    save_grade(region, keyring, record(percent="88.5"))
    with region.read() as conn:
        row = repr(tuple(conn.execute(sa.select(grade)).one()))
    assert "88.5" not in row
    assert "B+" not in row
    assert "fine start" not in row


def test_only_the_newest_revision_waits(region: Store, keyring: Keyring) -> None:
    save_grade(region, keyring, record(1), record(2, "90"))
    with region.read() as conn:
        assert grades.collected(conn, keyring, NORTH) == [record(2, "90")]
        assert grades.latest(conn, keyring, NORTH) == {GRADE: record(2, "90")}
        assert grades.latest(conn, keyring, SOUTH) == {}
        assert grades.newest(conn, keyring, SOUTH, GRADE) is None


def test_a_held_grade_waits_for_nobody(region: Store, keyring: Keyring) -> None:
    with region.begin("x") as conn:
        grades.save(conn, keyring, record(), GradeState.HELD, AT)
        assert grades.collected(conn, keyring, NORTH) == []
        assert grades.latest(conn, keyring, NORTH) == {GRADE: record()}


def test_a_release_names_who_and_happens_once(region: Store, keyring: Keyring) -> None:
    save_grade(region, keyring, record())
    release(region, actor="ann")
    release(region, actor="bob")
    with region.read() as conn:
        assert grades.collected(conn, keyring, NORTH) == []
        assert grades.released(conn, keyring, NORTH) == [record()]
        assert conn.scalar(sa.select(grade.c.released_by)) == "ann"


def test_collecting_again_does_not_take_a_release_back(region: Store, keyring: Keyring) -> None:
    save_grade(region, keyring, record(percent="88.5"))
    release(region)
    save_grade(region, keyring, record(percent="10"))
    with region.read() as conn:
        assert grades.released(conn, keyring, NORTH) == [record(percent="88.5")]


def test_what_is_not_there_cannot_be_released(region: Store) -> None:
    with pytest.raises(ContractBroken, match="CF08"):
        release(region, 7)


def test_a_batch_is_known_by_name_and_content(region: Store) -> None:
    with region.begin("x") as conn:
        grades.save_batch(conn, NORTH, "grades.csv", "aa", AT)
        grades.save_batch(conn, NORTH, "grades.csv", "aa", AT)
        assert grades.batch_seen(conn, NORTH, "grades.csv", "aa")
        assert not grades.batch_seen(conn, NORTH, "grades.csv", "bb")
        assert not grades.batch_seen(conn, SOUTH, "grades.csv", "aa")
