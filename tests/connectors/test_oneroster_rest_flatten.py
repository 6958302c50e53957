"""REST records as rows of the CSV binding, in both versions and in each other's shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.oneroster.envelope import ids_of, sourced_id_of
from connectors.oneroster.fields import SOURCE_TABLES, fields_needed
from connectors.oneroster.flatten import flatten, text_of, texts_of
from domain.oneroster import Version

ORG = {"href": "../orgs/s1", "sourcedId": "s1", "type": "org"}
USER = {"sourcedId": "u1", "status": "active", "givenName": "G", "familyName": "F"}
ROLES = [
    {"roleType": "primary", "role": "student", "org": {"sourcedId": "s1"}, "beginDate": "2025-08-15"},
    {"roleType": "primary", "role": "aide", "org": {"sourcedId": "s2"}},
]
OLD, NEW = Version.V1P1, Version.V1P2


def rows(collection: str, version: Version, record: object, table: str = "") -> list[dict[str, object]]:
    flat = flatten(collection, version, [record], f"/{collection}?offset=0")
    return list(flat.batches[table or collection].to_pylist())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", None), ([], None), ({}, None), ({"href": "x"}, None), ({"sourcedId": None}, None),
        (True, "true"), (False, "false"), ("True", "True"), (2025, "2025"), (91.5, "91.5"), (" a ", " a "),
        (["09", "10"], "09,10"), (["a", None, ""], "a"), (ORG, "s1"), ({"sourcedId": 7}, "7"),
        ([ORG, {"sourcedId": "s2"}], "s1,s2"),
        ([{"type": "SIS", "identifier": "1"}, {"identifier": "2"}], "{SIS:1},{:2}"),
    ],
)  # fmt: skip
def test_a_json_value_as_a_cell(value: object, text: str | None) -> None:
    assert text_of(value) == text


CELLS = st.recursive(
    st.sampled_from([None, "", " ", "a", "s1", True, 7, 1.5]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.fixed_dictionaries({}, optional={"sourcedId": inner, "type": inner, "identifier": inner})
    ),
    max_leaves=6,
)


@given(st.lists(CELLS, max_size=3))
def test_a_whole_column_is_read_as_its_values_one_by_one(values: list[object]) -> None:
    assert texts_of(list(values)) == [text_of(value) for value in values]


@given(st.lists(st.one_of(CELLS, st.fixed_dictionaries({"sourcedId": CELLS})), max_size=3))
def test_the_ids_of_a_page_are_those_of_its_records(records: list[object]) -> None:
    assert ids_of(records) == tuple(sourced_id_of(record) for record in records)


def test_references_and_lists_of_a_class() -> None:
    record = {"sourcedId": "c1", "course": {"sourcedId": "co"}, "school": ORG, "terms": [{"sourcedId": "t"}],
              "periods": ["1", "2"], "grades": None}  # fmt: skip
    row = rows("classes", NEW, record)[0]
    names = ("courseSourcedId", "schoolSourcedId", "termSourcedIds", "periods", "grades")
    assert [row[name] for name in names] == ["co", "s1", "t", "1,2", None]
    assert row["_place"] == "/classes?offset=0#1"


def test_new_users_give_roles_with_ids_made_of_their_parts() -> None:
    found = rows("users", NEW, {**USER, "roles": ROLES}, "roles")
    assert [(row["sourcedId"], row["userSourcedId"], row["role"]) for row in found] == [
        ("u1:s1:student", "u1", "student"),
        ("u1:s2:aide", "u1", "aide"),
    ]
    assert found[0]["beginDate"] == "2025-08-15"


def test_the_same_role_twice_is_one_unless_its_dates_differ() -> None:
    again = [ROLES[0], ROLES[0], {**ROLES[0], "beginDate": "2026-01-10"}]
    found = rows("users", NEW, {**USER, "roles": again}, "roles")
    assert [row["sourcedId"] for row in found] == ["u1:s1:student", "u1:s1:student:2026-01-10"]


def test_an_old_user_behind_a_new_path_keeps_its_roles() -> None:
    old = {**USER, "role": "teacher", "orgs": [ORG, {"sourcedId": "s2"}]}
    found = rows("users", NEW, old, "roles")
    assert [(row["roleType"], row["role"], row["orgSourcedId"]) for row in found] == [
        ("primary", "teacher", "s1"),
        ("secondary", "teacher", "s2"),
    ]


def test_a_new_user_behind_an_old_path_gets_its_primary_role() -> None:
    flat = flatten("users", OLD, [{**USER, "roles": ROLES}], "/users")
    row = flat.batches["users"].to_pylist()[0]
    assert (row["role"], row["orgSourcedIds"]) == ("student", "s1")
    assert (flat.other_shape, flat.lost_roles) == (1, 1)


def test_preferred_names_stand_under_the_csv_names() -> None:
    row = rows("users", NEW, {**USER, "roles": [], "preferredFirstName": "P", "preferredLastName": "L"})[0]
    assert (row["preferredGivenName"], row["preferredFamilyName"]) == ("P", "L")


@pytest.mark.parametrize("bad", ["text", None, 5, [], {}, {"sourcedId": None}, {"sourcedId": " "}])
def test_what_is_no_record_is_held_by_its_place(bad: object) -> None:
    flat = flatten("orgs", NEW, [{"sourcedId": "s1"}, bad], "/orgs?offset=40")
    assert flat.batches["orgs"].num_rows == 1
    assert [(note.severity, note.place) for note in flat.notices] == [("hold row", "/orgs?offset=40#2")]


def test_unknown_fields_are_named_and_standard_ones_are_not() -> None:
    record: dict[str, object] = {"sourcedId": "s1", "children": None, "metadata": {}, "mascot": "owl"}
    assert flatten("orgs", NEW, [record], "/orgs").unknown == {"mascot"}


@pytest.mark.parametrize("version", list(Version))
def test_a_password_is_neither_asked_for_nor_kept(version: Version) -> None:
    assert "password" not in fields_needed("users", version)
    assert "password" not in rows("users", version, {**USER, "password": "p"})[0]


@pytest.mark.parametrize("collection", SOURCE_TABLES)
def test_we_ask_for_ids_and_status_of_every_collection(collection: str) -> None:
    assert fields_needed(collection, NEW)[:3] == ("sourcedId", "status", "dateLastModified")
