"""Findings become cases that open, follow and close; rows held back are sealed."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from domain.model import Case, CaseState, Finding
from sisbridge.store import cases, findings
from sisbridge.store.database import Store
from sisbridge.store.findings import QuarantinedRow
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables import roster
from tests.store import examples
from tests.store.examples import NIGHT, NORTH, SOUTH, finding

FIRST, SECOND, THIRD = NIGHT, date(2026, 1, 6), date(2026, 1, 7)
ROW = QuarantinedRow("users", "users.csv:2", "u-1", "CD01", {"given_name": "Ada", "grades": None})


def fold(store: Store, night: date, *found: Finding, scope: str = "roster") -> list[Case]:
    """Fold findings in a transaction of their own."""
    with store.begin("fold") as conn:
        return cases.fold(conn, NORTH, night, found, scope)


def standing(store: Store) -> list[tuple[str, int, int, int]]:
    """Open cases as (rule and group, rows, students, nights)."""
    with store.read() as conn:
        opened = cases.open_cases(conn, NORTH)
        assert opened == cases.open_cases(conn)
        assert cases.open_cases(conn, SOUTH) == []
    return [(f"{case.rule}{case.group}", case.rows, case.students, case.nights) for case in opened]


def test_like_findings_are_one_case(region: Store) -> None:
    alike = [finding("a", student="u-1"), finding("b", student="u-1"), finding("c")]
    (plain, grouped) = fold(region, FIRST, *alike, finding("d", group="K9"))
    assert (plain.rows, plain.students, plain.nights, plain.state) == (3, 1, 1, CaseState.OPEN)
    assert (plain.first_place, plain.first_key) == ("enrollments.csv:a", "a")
    assert (plain.opened_on, plain.last_seen_on) == (FIRST, FIRST)
    assert (grouped.group, grouped.rows) == ("K9", 1)


def test_the_same_night_twice_changes_nothing(region: Store) -> None:
    once = fold(region, FIRST, finding("a"), finding("b"))
    assert fold(region, FIRST, finding("a"), finding("b")) == once
    assert standing(region) == [("RF01", 2, 0, 1)]


def test_a_case_says_what_tonight_says(region: Store) -> None:
    fold(region, FIRST, finding("a"), finding("b"))
    (case,) = fold(region, SECOND, finding("c"))
    assert (case.rows, case.nights, case.first_key) == (1, 2, "c")
    assert (case.opened_on, case.last_seen_on) == (FIRST, SECOND)


def test_every_case_counts_its_own_nights(region: Store) -> None:
    fold(region, FIRST, finding())
    fold(region, SECOND, finding(), finding(rule="CD01"))
    assert standing(region) == [("CD01", 1, 0, 1), ("RF01", 1, 0, 2)]


def test_a_case_without_findings_closes_within_its_scope(region: Store) -> None:
    fold(region, FIRST, finding())
    fold(region, FIRST, finding(rule="WB01"), scope="grades:north")
    assert fold(region, SECOND) == []
    assert standing(region) == [("WB01", 1, 0, 1)]


def test_a_case_that_comes_back_counts_its_nights_anew(region: Store) -> None:
    fold(region, FIRST, finding())
    fold(region, SECOND)
    (case,) = fold(region, THIRD, finding())
    assert (case.nights, case.opened_on) == (1, THIRD)


def test_closing_and_finding_again_in_one_night_is_one_night(region: Store) -> None:
    fold(region, FIRST, finding())
    before = fold(region, SECOND, finding())
    fold(region, SECOND)
    assert fold(region, SECOND, finding()) == before


def test_a_case_somebody_took_stays_theirs(region: Store) -> None:
    fold(region, FIRST, finding())
    with region.begin("x") as conn:
        conn.execute(sa.update(roster.case).values(state=CaseState.ACKNOWLEDGED.value))
    (case,) = fold(region, SECOND, finding())
    assert case.state is CaseState.ACKNOWLEDGED


def test_findings_come_back_in_order(region: Store) -> None:
    run_id = examples.run(region)
    found = [finding("b", student="u-1"), finding("a", group="K9"), finding("c")]
    with region.begin("x") as conn:
        findings.record_findings(conn, NORTH, run_id, found[:2])
        findings.record_findings(conn, NORTH, run_id, [])
        findings.record_findings(conn, NORTH, run_id, found[2:])
        assert findings.findings(conn, NORTH, run_id) == found


def test_a_held_row_is_sealed_and_held_once(region: Store, keyring: Keyring) -> None:
    snapshot = examples.snapshot(region).snapshot_id
    with region.begin("x") as conn:
        for _ in range(2):
            findings.quarantine(conn, keyring, NORTH, snapshot, [ROW])
        assert findings.open_quarantined(conn, keyring, NORTH, snapshot, "users") == [ROW]
        assert b"Ada" not in conn.execute(sa.select(roster.quarantine.c.sealed)).scalar_one()
    assert "Ada" not in repr(ROW)


def test_held_rows_can_be_asked_for_by_table_and_key(region: Store, keyring: Keyring) -> None:
    snapshot = examples.snapshot(region).snapshot_id
    other = QuarantinedRow("roles", "roles.csv:9", "r-1", "RF01", {})
    with region.begin("x") as conn:
        findings.quarantine(conn, keyring, NORTH, snapshot, [ROW, other])
        places = [row.place for row in findings.quarantined(conn, NORTH, snapshot)]
        (student,) = findings.quarantined(conn, NORTH, snapshot, table="users", sourced_id="u-1")
        assert findings.quarantined(conn, SOUTH, snapshot) == []
    assert places == ["roles.csv:9", "users.csv:2"]
    assert (student.rule, student.values) == ("CD01", {})
