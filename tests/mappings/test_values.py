"""Every form a value is met in, and what becomes of it; what is not understood stays as it came."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tables import ROSTER, Column, Kind, RosterTable
from mappings.maps import maps_for
from mappings.values import canonical, date_text, ending_year, moment_text, trimmed

PLAIN = maps_for("1.1")
NAME = ROSTER[RosterTable.USERS].column("family_name")
OPTIONAL_NAME = ROSTER[RosterTable.USERS].column("middle_name")


def of_kind(kind: Kind, text: str) -> str | None:
    values = canonical(pa.array([text]), Column("x", kind, code_set="grade_levels"), PLAIN)
    return str(values[0]) if values[0].is_valid else None


@pytest.mark.parametrize(
    ("column", "came", "becomes"),
    [
        (OPTIONAL_NAME, "  Ann\u00a0", "Ann"),
        (OPTIONAL_NAME, " ", None),
        (OPTIONAL_NAME, "", None),
        (OPTIONAL_NAME, "NULL", None),
        (OPTIONAL_NAME, "N/A", None),
        (NAME, "NULL", "NULL"),
        (NAME, "", None),
        (OPTIONAL_NAME, "0/0/0", "0/0/0"),
        (Column("begin_date", Kind.DATE), "0/0/0", None),
    ],
)
def test_what_stands_for_nothing_is_null(column: Column, came: str, becomes: str | None) -> None:
    assert trimmed(pa.array([came]), column).to_pylist() == [becomes]


@pytest.mark.parametrize("came", ["true", "True", "TRUE", "t", "1", "Yes", "y"])
def test_every_form_of_yes_is_true(came: str) -> None:
    assert of_kind(Kind.BOOLEAN, came) == "true"


@pytest.mark.parametrize("came", ["false", "False", "FALSE", "f", "0", "No", "n"])
def test_every_form_of_no_is_false(came: str) -> None:
    assert of_kind(Kind.BOOLEAN, came) == "false"


def test_a_boolean_that_is_neither_stays_for_validation() -> None:
    assert of_kind(Kind.BOOLEAN, "maybe") == "maybe"


@pytest.mark.parametrize(
    ("came", "becomes"),
    [
        ("2025-08-15", "2025-08-15"),
        ("2025-08-15T00:00:00.000Z", "2025-08-15"),
        ("2025-08-15 00:00:00", "2025-08-15"),
        ("2025-08-14T23:00:00-05:00", "2025-08-14"),
        ("2025/8/5", "2025-08-05"),
        ("20250815", "2025-08-15"),
        ("8/15/2025", "8/15/2025"),
        ("15.08.2025", "15.08.2025"),
        ("2025-02-30", "2025-02-30"),
        ("10102010", "10102010"),
        ("45884", "45884"),
    ],
)
def test_dates_become_days_where_they_are_unambiguous(came: str, becomes: str) -> None:
    assert date_text(came) == becomes


@pytest.mark.parametrize(
    ("came", "becomes"),
    [("8/5/2025", "2025-08-05"), ("08/05/2025 00:00", "2025-08-05"), ("15/8/2025", "15/8/2025")],
)
def test_month_first_dates_are_read_only_where_a_district_says_so(came: str, becomes: str) -> None:
    assert date_text(came, month_first=True) == becomes


@pytest.mark.parametrize(
    ("came", "becomes"),
    [
        ("2026-01-15T06:00:00.000Z", "2026-01-15T06:00:00.000Z"),
        ("2026-01-15T06:00:00Z", "2026-01-15T06:00:00.000Z"),
        ("2026-01-15T01:00:00-05:00", "2026-01-15T06:00:00.000Z"),
        ("2026-01-15T06:00:00.123456+00:00", "2026-01-15T06:00:00.123Z"),
        ("2026-01-15 06:00:00", "2026-01-15T06:00:00.000Z"),
        ("2026-01-15", "2026-01-15T00:00:00.000Z"),
        ("yesterday", "yesterday"),
        ("0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00+09:00"),
    ],
)
def test_moments_become_utc(came: str, becomes: str) -> None:
    assert moment_text(came) == becomes


@pytest.mark.parametrize(
    ("came", "becomes"),
    [
        ("2025-2026", "2026"),
        ("2025-26", "2026"),
        ("2025/2026", "2026"),
        ("1999-00", "2000"),
        ("2025", "2025"),
        ("2025-2027", "2025-2027"),
        ("SY26", "SY26"),
    ],
)
def test_a_school_year_is_the_year_it_ends_in(came: str, becomes: str) -> None:
    assert ending_year(came) == becomes


@pytest.mark.parametrize(
    ("kind", "came", "becomes"),
    [
        (Kind.LIST, "Science, Physics", "Physics,Science"),
        (Kind.LIST, "b,,a,b,", "a,b"),
        (Kind.REFERENCES, " t2 ,t1", "t1,t2"),
        (Kind.CODES, "12, Ninth grade,9", "09,12"),
        (Kind.CODES, "9,13th-ish", "09,13th-ish"),
        (Kind.LIST, ",", None),
    ],
)
def test_lists_are_trimmed_sorted_and_translated(kind: Kind, came: str, becomes: str | None) -> None:
    assert of_kind(kind, came) == becomes


def test_a_nul_inside_a_text_is_dropped_because_no_database_takes_it() -> None:
    name = ROSTER[RosterTable.USERS].column("family_name")
    assert trimmed(pa.array(["O\x00Neil", "\x00"]), name).to_pylist() == ["ONeil", None]


@pytest.mark.parametrize(("inclusive", "ends"), [(True, "2026-06-11"), (False, "2026-06-10")])
def test_an_inclusive_end_date_becomes_exclusive_once(inclusive: bool, ends: str) -> None:
    maps = maps_for("1.1", {"end_dates_inclusive": inclusive})
    end, begin = (ROSTER[RosterTable.ENROLLMENTS].column(name) for name in ("end_date", "begin_date"))
    assert canonical(pa.array(["2026-06-10"]), end, maps).to_pylist() == [ends]
    assert canonical(pa.array(["2026-06-10"]), begin, maps).to_pylist() == ["2026-06-10"]


@given(st.sampled_from([column for spec in ROSTER.values() for column in spec.columns]), st.text())
def test_what_is_canonical_stays_as_it_is(column: Column, came: str) -> None:
    once = canonical(trimmed(pa.array([came], pa.string()), column), column, PLAIN)
    assert canonical(trimmed(once, column), column, PLAIN).to_pylist() == once.to_pylist()
