"""Rows of grade files that are held: remembered, told, and let go of once they come right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.grade_rows import GradeBatch
from domain.errors import SisbridgeError
from domain.model import District, Finding, Severity
from mappings import grades as grading
from sisbridge.house import House, today_of
from sisbridge.store import cases, held_grades
from sisbridge.store.database import Connection
from sisbridge.sync.roster.dependents import spoken

_HELD, _STOPPED = "grades held", "grades stopped"
"""Scopes of cases: rows held, of all files together, and a district whose grades cannot be judged."""


def hold(
    conn: Connection,
    house: House,
    district: District,
    batch: GradeBatch,
    rows: Sequence[grading.ParsedGrade],
    findings: Sequence[Finding],
    seen: bool,
) -> None:
    """Keep why rows are held, and let go of rows that this file corrects, whatever file held them.

    seen: a file read again speaks only about what it held itself, not against what came after it.
    """
    keys = {row.place: _row_key(house, district, row) for row in rows}
    before = held_grades.keys_of_batch(conn, district.code, batch.name)
    held_grades.let_go(conn, district.code, batch.name, () if seen else set(keys.values()))
    held = [(keys[one.place], one) for one in findings if one.place in keys]
    held_grades.hold(
        conn, district.code, batch.name, [(key, one) for key, one in held if not seen or key in before]
    )


def still_held(
    conn: Connection,
    house: House,
    district: District,
    batch: GradeBatch,
    rows: Sequence[grading.ParsedGrade],
) -> frozenset[str]:
    """Return the places of rows that a file of this name holds up to now, and no later file corrected."""
    before = held_grades.keys_of_batch(conn, district.code, batch.name)
    return frozenset(row.place for row in rows if before and _row_key(house, district, row) in before)


def stop(house: House, batch: GradeBatch, district: District, error: SisbridgeError) -> None:
    """Open a case for a district whose grades cannot be judged; the other districts' go on."""
    finding = Finding(
        error.code, Severity.HOLD_FEED, "grades", "", error.place, "", "", error.message, error.fix
    )
    with house.store.begin("collect") as conn:
        cases.fold(conn, district.code, today_of(district), [finding], _STOPPED)


def tell(conn: Connection, district: District, batch: GradeBatch, known: set[str]) -> None:
    """Open the cases of all rows held, whatever file they came in, and those of this file as a whole."""
    today, code = today_of(district), district.code
    noticed = [named(one, known) for one in _noticed(batch)]
    cases.fold(conn, code, today, spoken(held_grades.held(conn, code)), _HELD)
    cases.fold(conn, code, today, spoken(noticed), f"grades:{batch.name}")
    cases.fold(conn, code, today, [], _STOPPED)


def named(finding: Finding, known: set[str]) -> Finding:
    """Leave the key out unless a student here has it: a teacher may have typed a number or a name."""
    return finding if finding.key in known else replace(finding, key="", student=None)


def _noticed(batch: GradeBatch) -> Iterable[Finding]:
    for notice in batch.notices:
        yield Finding(
            rule=notice.code,
            severity=Severity(notice.severity),
            table="grades",
            field=notice.field,
            place=notice.place,
            key=notice.key,
            masked="",
            message=notice.message,
            fix=notice.fix,
        )


def _row_key(house: House, district: District, row: grading.ParsedGrade) -> str:
    said = "\x1f".join((row.student, row.offering, row.term, row.reporting_period, row.kind))
    return house.keyring.fingerprint(district.code, said.encode(), "held grade")
