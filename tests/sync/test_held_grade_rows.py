"""Rows of grade files that are held: their case stays until a good row of the same grade comes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sisbridge.house import House
from sisbridge.store.tables.grades import held_grade
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import Collected, collect_from
from sisbridge.sync.night import sync_region
from tests.support.small_region import FILES, GRADE_HEAD, REST, SmallRegion


@pytest.fixture
def seated(any_house: House) -> House:
    """A house whose rosters are in force."""
    sync_region(any_house, [REST, FILES])
    return any_house


def collected(house: House, region: SmallRegion, name: str, *rows: str) -> Collected:
    """Collect finals of `student,percent,letter` rows from a file of a name."""
    lines = []
    for row in rows:
        student, percent, letter = row.split(",")
        lines.append(f"{REST},{student},PHYS,S1,Final,final,{percent},{letter},,,teacher,true\n")
    path = region.folder / name
    path.write_text(GRADE_HEAD + "".join(lines), encoding="utf-8")
    return collect_from(house, path)


def held(house: House) -> list[tuple[str, int, str]]:
    """Return rule, rows and first place of each open case."""
    return [(case.rule, case.rows, case.first_place) for case in open_cases(house, REST)]


def test_a_corrected_file_of_another_name_closes_the_case_of_the_row_it_corrects(
    seated: House, region: SmallRegion
) -> None:
    collected(seated, region, "a.csv", "u0,88,A", "u1,77,A", "u2,91,A")
    assert held(seated) == [("GR05", 2, "a.csv:2")]
    collected(seated, region, "b.csv", "u0,88,B")
    assert held(seated) == [("GR05", 1, "a.csv:3")]
    collected(seated, region, "c.csv", "u1,77,C")
    assert held(seated) == []


def test_a_file_about_other_students_leaves_the_case_open(seated: House, region: SmallRegion) -> None:
    collected(seated, region, "a.csv", "u0,88,A")
    collected(seated, region, "b.csv", "u1,77,C")
    assert held(seated) == [("GR05", 1, "a.csv:2")]


def test_an_old_file_read_again_does_not_hold_again_what_was_corrected_since(
    seated: House, region: SmallRegion
) -> None:
    collected(seated, region, "z.csv", "u0,88,A", "u1,77,A")
    collected(seated, region, "b.csv", "u0,88,B")
    again = collected(seated, region, "z.csv", "u0,88,A", "u1,77,A")
    assert (again.kept, held(seated)) == (0, [("GR05", 1, "z.csv:3")])


def test_what_a_teacher_typed_for_a_student_is_not_kept(seated: House, region: SmallRegion) -> None:
    collected(seated, region, "a.csv", "900000003,80,B")
    with seated.store.read() as conn:
        (row,) = conn.execute(sa.select(held_grade)).all()
    assert "900000003" not in str(row)
    assert row.sourced_id == ""


def test_a_row_held_by_a_file_counts_once_the_cause_is_mended_and_the_file_is_read_again(
    seated: House, region: SmallRegion
) -> None:
    collected(seated, region, "a.csv", "u0,88,B")
    collected(seated, region, "z.csv", "u0,92,B")
    assert held(seated) == [("GR05", 1, "z.csv:2")]
    region.load(seated, scale={"bands": {"A": 93, "B": 80, "C": 70, "F": 0}})
    assert collected(seated, region, "z.csv", "u0,92,B").kept == 1
    assert held(seated) == []
