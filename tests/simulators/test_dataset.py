"""Data sets: what is in them, that nothing is lost on the way through CSV and JSON, planned churn."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.oneroster import COLLECTIONS, Version, csv_files
from simulators.data import LARGE, MEDIUM, SMALL
from simulators.dataset import Dataset, manifest
from simulators.shapes import neutral, reference

V1P1, V1P2 = Version.V1P1, Version.V1P2
NIGHT = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)


def test_grand_bend_holds_what_its_notice_says(grand_bend: Dataset) -> None:
    assert grand_bend.counts() == {
        "academicSessions": 7, "orgs": 4, "courses": 84, "classes": 532,
        "users": 2894, "enrollments": 13391, "demographics": 966,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "users", "enrollments"), [(SMALL, 268, 1855), (MEDIUM, 837, 5810), (LARGE, 4441, 31045)]
)
def test_generated_districts_hold_what_their_notice_says(path: Path, users: int, enrollments: int) -> None:
    counts = Dataset.from_csv_zip(path).counts()
    assert (counts["users"], counts["enrollments"]) == (users, enrollments)


@pytest.mark.parametrize("path", [SMALL, MEDIUM, LARGE])
def test_csv_of_a_stranger_comes_out_byte_for_byte(path: Path) -> None:
    dataset = Dataset.from_csv_zip(path)
    with zipfile.ZipFile(path) as archive:
        for name in set(archive.namelist()) - {"manifest.csv"}:
            assert dataset.to_csv(name.removesuffix(".csv"), V1P1) == archive.read(name)


@pytest.mark.parametrize(
    ("version", "file"), [(version, file) for version in Version for file in csv_files(version)]
)
def test_csv_header_is_the_standards_in_its_order(small: Dataset, version: Version, file: str) -> None:
    header = small.to_csv(file, version).decode().split("\r\n")[0]
    assert tuple(header.split(",")) == COLLECTIONS[file].columns[version]


def test_json_of_a_stranger_comes_back_from_rest(grand_bend: Dataset) -> None:
    for path, records in grand_bend.collections.items():
        for record in records.values():
            assert neutral(path, grand_bend.to_rest(path, record, V1P2, "http://h")) == record


def without_what_csv_cannot_say(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k not in ("metadata", "children") and v != ""}


def test_1p2_package_comes_back_but_for_metadata_and_blanks(grand_bend: Dataset) -> None:
    back = Dataset.from_csv(grand_bend.csv_package(V1P2))
    for path, records in grand_bend.collections.items():
        assert back.records(path) == [without_what_csv_cannot_say(row) for row in records.values()]


def test_1p1_package_comes_back_as_it_was(small: Dataset, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(small.bulk_zip(V1P1))
    assert Dataset.from_csv_zip(package).collections == small.collections


def test_the_same_data_makes_the_same_zip(small: Dataset) -> None:
    assert small.bulk_zip(V1P2) == small.copy().bulk_zip(V1P2)


def test_zip_holds_a_manifest_and_the_declared_files_at_its_root(small: Dataset) -> None:
    with zipfile.ZipFile(io.BytesIO(small.bulk_zip(V1P2))) as archive:
        rows = dict(line.split(",") for line in archive.read("manifest.csv").decode().splitlines())
        there = {name for name in csv_files(V1P2) if rows[f"file.{name}"] == "bulk"}
        assert set(archive.namelist()) == {"manifest.csv", *(f"{name}.csv" for name in there)}
    assert "roles" in there
    assert rows["oneroster.version"] == "1.2"


@pytest.mark.parametrize(("version", "files"), [(V1P1, 13), (V1P2, 21)])
def test_manifest_speaks_of_every_file(version: Version, files: int) -> None:
    lines = manifest(version, []).decode().splitlines()
    assert sum(line.startswith("file.") and line.endswith(",absent") for line in lines) == files


def test_undated_bulk_is_by_the_book(school: Dataset) -> None:
    school.withdraw("users", "u1", NIGHT)
    lines = school.to_csv("users", V1P2, dated=False).decode().splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [["u2", "", ""], ["u3", "", ""], ["teach", "", ""]]


def test_record_added_in_1p1_shape_is_kept_neutral(school: Dataset) -> None:
    flat = {"sourcedId": "boss", "role": "administrator", "orgs": [reference("orgs", "s")]}
    school.add("users", flat | {"enabledUser": True, "middleName": None, "givenName": "G"}, NIGHT)
    role = {"roleType": "primary", "role": "siteAdministrator", "org": reference("orgs", "s")}
    stamp = {"status": "active", "dateLastModified": "2026-03-01T05:00:00.000Z"}
    wanted = {"sourcedId": "boss", "enabledUser": "true", "givenName": "G", "roles": [role], **stamp}
    assert school.get("users", "boss") == wanted


def test_withdrawn_record_stays_with_a_fresh_date(school: Dataset) -> None:
    school.withdraw("enrollments", "e1", NIGHT)
    record = school.get("enrollments", "e1")
    assert record is not None
    assert (record["status"], record["dateLastModified"]) == ("tobedeleted", "2026-03-01T05:00:00.000Z")


def test_dropped_record_is_gone(school: Dataset) -> None:
    school.drop("enrollments", "e1")
    assert school.get("enrollments", "e1") is None
    assert school.referring("enrollments", "user", "u1") == []


def test_changed_record_keeps_its_place_and_other_fields(school: Dataset) -> None:
    school.change("users", "u1", NIGHT, familyName="Changed", username=None)
    record = school.records("users")[0]
    assert (record["sourcedId"], record["givenName"], record["familyName"]) == ("u1", "Gu1", "Changed")
    assert "username" not in record


def test_a_copy_does_not_see_later_changes(school: Dataset) -> None:
    before = school.copy()
    school.change("users", "u1", NIGHT, familyName="Changed")
    assert before.get("users", "u1") != school.get("users", "u1")


def test_1p1_user_gains_roles_by_org_type(small: Dataset) -> None:
    roles = {role["role"] for user in small.records("users") for role in user["roles"]}
    assert roles == {"districtAdministrator", "siteAdministrator", "student", "teacher"}


texts = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)
items = st.lists(texts.filter(lambda text: "," not in text), min_size=1, max_size=3)
ids = st.text("abc019.@_-", min_size=1, max_size=6)
roles = st.fixed_dictionaries(
    {
        "roleType": st.sampled_from(["primary", "secondary"]),
        "role": st.sampled_from(["student", "teacher", "ext:coach"]),
        "org": ids.map(lambda sourced_id: reference("orgs", sourced_id)),
    },
    optional={"beginDate": st.just("2025-08-15"), "endDate": st.just("2026-06-10")},
)
users = st.fixed_dictionaries(
    {"sourcedId": ids, "status": st.sampled_from(["active", "tobedeleted"]), "givenName": texts},
    optional={
        "familyName": texts,
        "grades": items,
        "preferredFirstName": texts,
        "primaryOrg": ids.map(lambda sourced_id: reference("orgs", sourced_id)),
        "agents": st.lists(ids.map(lambda sourced_id: reference("users", sourced_id)), min_size=1),
        "roles": st.lists(roles, min_size=1, max_size=3),
    },
)
results = st.fixed_dictionaries(
    {
        "sourcedId": ids,
        "status": st.just("active"),
        "score": st.floats(min_value=0, max_value=1e9),
        "student": ids.map(lambda sourced_id: reference("users", sourced_id)),
    },
    optional={"comment": texts, "late": st.sampled_from(["true", "false"])},
)


def holding(collection: str, records: list[dict[str, Any]]) -> Dataset:
    dataset = Dataset()
    for record in records:
        dataset.add(collection, record, NIGHT)
    return dataset


@given(st.lists(users, max_size=4))
def test_any_users_come_back_from_1p2_csv(records: list[dict[str, Any]]) -> None:
    dataset = holding("users", records)
    assert Dataset.from_csv(dataset.csv_package(V1P2)).collections == dataset.collections


@given(st.lists(results, max_size=4))
def test_any_results_come_back_from_1p2_csv(records: list[dict[str, Any]]) -> None:
    dataset = holding("results", records)
    assert Dataset.from_csv(dataset.csv_package(V1P2)).collections == dataset.collections


@given(users)
def test_any_user_comes_back_from_1p2_rest(record: dict[str, Any]) -> None:
    assert neutral("users", holding("users", []).to_rest("users", record, V1P2, "http://h")) == record


@pytest.mark.parametrize(
    ("version", "column"), [(V1P1, "gradingPeriodSourcedId"), (V1P2, "academicSessionSourcedId")]
)
def test_line_item_names_its_session_by_version(school: Dataset, version: Version, column: str) -> None:
    session, due = reference("academicSessions", "g"), "2026-02-05T00:00:00.000Z"
    school.add("lineItems", {"sourcedId": "li", "gradingPeriod": session, "dueDate": due}, NIGHT)
    header, row = (line.split(",") for line in school.to_csv("lineItems", version).decode().splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells[column], cells["dueDate"]) == ("g", "2026-02-05")
