"""A vendor's dialect is a folder of files: what they may say, and that all that ship say nothing wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import mappings
from domain.tables import PLACE, ROSTER, RosterTable
from mappings.adapting import LeftOut, adapted, left_out_findings
from mappings.dialects import Dialect, dialect, dialect_names, read_rows
from mappings.drift import drift
from mappings.maps import code_set, fold, maps_for
from mappings.normalize import normalize
from tests.mappings.building import source

FLAT = maps_for("flat")
VENDORS = dialect_names()[2:]
HERE = Path(mappings.__file__).parent


def known(name: str) -> Dialect:
    found = dialect(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", dialect_names())
def test_every_dialect_can_be_loaded_under_its_name(name: str) -> None:
    assert maps_for(name).dialect == name


@pytest.mark.parametrize("name", ["2.0", "", "codes", "../mappings", "oneroster"])
def test_other_names_are_no_dialect(name: str) -> None:
    assert dialect(name) is None


@pytest.mark.parametrize("name", dialect_names())
def test_every_source_table_feeds_roster_tables_by_columns_there_are(name: str) -> None:
    for tables in (known(name).columns, *known(name).own_columns.values()):
        for table, columns in tables.items():
            assert set(columns) <= set(ROSTER[table].names)


@pytest.mark.parametrize("name", VENDORS)
def test_every_heading_of_a_column_map_is_a_source_table(name: str) -> None:
    for path in (HERE / name / "columns").glob("*.csv"):
        assert path.stem in {table.value for table in RosterTable}
        assert set(read_rows(path)[0]) <= {"canonical", "source", *known(name).sources}


@pytest.mark.parametrize("name", VENDORS)
def test_every_code_of_a_dialect_leads_to_a_code_there_is(name: str) -> None:
    for codes_name, codes in known(name).codes.items():
        assert [one for one in codes.values() if code_set(codes_name).canonical(one) is None] == []
        assert [maps_for(name).codes[codes_name].codes[fold(one)] for one in codes] == list(codes.values())


def test_students_and_staff_of_plain_files_are_users_with_a_role_of_their_own() -> None:
    row = {"sourced_id": ["7"], "given_name": ["Ada"], "family_name": ["Byron"], "org_sourced_ids": ["n1,n2"]}
    _, student = normalize(FLAT, "students", source(**row))
    _, staff = normalize(FLAT, "staff", source(**row, role=["aide"]))
    assert student.batch.column("sourced_id").to_pylist() == ["7:n1:student", "7:n2:student"]
    assert staff.batch.column("role").to_pylist() == ["aide", "aide"]


def test_a_key_can_be_built_of_other_columns_and_is_blank_where_one_of_them_is() -> None:
    batch = source(class_sourced_id=["c1", "c2"], user_sourced_id=["u1", " "], school_sourced_id=["n", "n"])
    (out,) = normalize(FLAT, "enrollments", batch)
    assert out.batch.column("sourced_id").to_pylist() == ["c1:u1", None]
    assert out.batch.column("role").to_pylist() == ["student", "student"]


def test_what_a_key_is_built_of_is_needed_and_known() -> None:
    assert drift(FLAT, "class_teachers", ["class_sourced_id", "user_sourced_id", "school_sourced_id"]) == []
    found = drift(FLAT, "class_teachers", ["class_sourced_id", "school_sourced_id"])
    assert [(one.rule, one.field) for one in found] == [("FL10", "sourced_id"), ("FL10", "user_sourced_id")]


def test_a_district_can_rename_a_column_of_one_source_table_only() -> None:
    maps = maps_for(
        "flat", {"columns": {"users": {"given_name": "First", "staff": {"given_name": "Vorname"}}}}
    )
    assert maps.where("students", RosterTable.USERS)["given_name"] == ("First",)
    assert maps.where("staff", RosterTable.USERS)["given_name"] == ("Vorname",)


def test_the_key_of_a_source_table_is_where_its_sourced_id_is_read_from() -> None:
    renamed = maps_for("flat", {"columns": {"users": {"sourced_id": "Student ID"}}})
    assert (FLAT.key_columns("students"), renamed.key_columns("students")) == (
        ("sourced_id",),
        ("Student ID",),
    )
    assert FLAT.key_columns("unheard of") == ()


def without_dropped(source_table: str, batch: pa.RecordBatch) -> Iterable[tuple[str, pa.RecordBatch]]:
    """Stand in for a vendor's adapt: leave out dropped rows and no-shows."""
    kinds = batch.column("kind")
    yield source_table, batch.filter(pc.equal(kinds, "live"))
    yield "out_of_scope:dropped", batch.filter(pc.equal(kinds, "dropped"))
    yield "excluded:no-show", batch.filter(pc.equal(kinds, "no-show"))


def test_rows_that_a_dialect_leaves_out_are_counted_and_said_by_reason() -> None:
    maps = replace(FLAT, adapt=without_dropped)
    batch = source(sourced_id=["a", "b", "c", "d"], kind=["live", "no-show", "dropped", "no-show"])
    made = adapted(maps, "orgs", batch)
    assert [(name, part.column("sourced_id").to_pylist()) for name, part in made.parts] == [("orgs", ["a"])]
    assert made.left_out == (
        LeftOut("orgs", "dropped", 1, "file.csv:4", said=False),
        LeftOut("orgs", "no-show", 2, "file.csv:3", said=True),
    )
    (finding,) = left_out_findings([*made.left_out, *made.left_out])
    assert (finding.rule, finding.group, finding.place) == ("FL40", "no-show", "file.csv:3")
    assert finding.message == "4 rows of orgs were left out: no-show (first: file.csv:3)."


def test_a_dialect_without_code_leaves_batches_as_they_are() -> None:
    batch = source(sourced_id=["a"])
    assert adapted(FLAT, "orgs", batch).parts == (("orgs", batch),)
    assert PLACE in batch.schema.names
