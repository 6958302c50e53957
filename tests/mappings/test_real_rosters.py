"""The mappings over rosters nobody here wrote (simulators/data/README.md says whose they are)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from domain.ids import DistrictCode, SourcedId
from domain.tables import RosterTable
from mappings.drift import drift
from mappings.identity import Decisions, Keyed, plan
from mappings.maps import code_set, maps_for
from mappings.normalize import Normalized, normalize, source_tables
from simulators.data import GRAND_BEND, SMALL
from tests.mappings.building import source

V1 = maps_for("1.1")


@cache
def grand_bend_users() -> list[dict[str, Any]]:
    with zipfile.ZipFile(GRAND_BEND) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("users.json")]
        return list(json.loads(archive.read(name))["users"])


def csv_table(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode())))


def normalized(name: str) -> dict[RosterTable, Normalized]:
    rows = csv_table(SMALL, name)
    batch = source(**{column: [row[column] for row in rows] for column in rows[0]})
    assert drift(V1, name, batch.schema.names) == []
    return {out.table: out for out in normalize(V1, name, batch)}


@pytest.mark.parametrize("name", source_tables(V1))
def test_every_row_of_a_generated_district_comes_through(name: str) -> None:
    rows = csv_table(SMALL, name)
    for out in normalized(name).values():
        assert (out.batch.num_rows, out.out_of_scope) == (len(rows), 0)


def test_the_roles_of_a_generated_district_are_raised_from_its_users() -> None:
    roles = normalized("users")[RosterTable.ROLES].batch.column("role").value_counts().to_pylist()
    assert {entry["values"]: entry["counts"] for entry in roles} == {
        "administrator": 4, "student": 248, "teacher": 16,
    }  # fmt: skip


def test_school_years_written_as_two_years_become_the_ending_one() -> None:
    sessions = normalized("academicSessions")[RosterTable.ACADEMIC_SESSIONS].batch
    assert sessions.column("school_year").to_pylist() == ["2026", "2026"]


def test_every_grade_word_of_grand_bend_is_known() -> None:
    words = {word for user in grand_bend_users() for word in user.get("grades") or []}
    levels = {word: code_set("grade_levels").canonical(word) for word in words}
    assert sorted(str(level) for level in levels.values()) == [f"{grade:02}" for grade in range(1, 13)]


def test_six_people_of_grand_bend_have_two_user_rows_each_and_wait_for_a_word() -> None:
    keyed = [
        Keyed(SourcedId(str(user["sourcedId"])), None, str(user["identifier"])) for user in grand_bend_users()
    ]
    made = plan([one.user for one in keyed], keyed, Decisions(), DistrictCode("GB"), "2022")
    assert len(made.links) == 2894 - 12
    assert len(set(made.links.values())) == len(made.links)
    assert sorted(len(one.others) for one in made.held) == [1] * 12
