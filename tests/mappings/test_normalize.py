"""Source rows of both OneRoster versions into canonical rows."""

from __future__ import annotations

import pyarrow as pa

from domain.tables import PLACE, ROSTER, RosterTable
from mappings.maps import maps_for
from mappings.normalize import normalize, out_of_scope_users, source_tables
from tests.mappings.building import source

V1, V2 = maps_for("1.1"), maps_for("1.2")


def rows_of(batch: pa.RecordBatch, *names: str) -> list[tuple[str | None, ...]]:
    return list(zip(*(batch.column(name).to_pylist() for name in names), strict=True))


def test_a_batch_has_the_canonical_columns_in_order_as_text_and_its_place() -> None:
    (out,) = normalize(V1, "orgs", source(name=[" North "], sourcedId=["o1"], type=["School"]))
    assert out.batch.schema == pa.schema(
        [(name, pa.string()) for name in (*ROSTER[RosterTable.ORGS].names, PLACE)]
    )
    assert out.batch.to_pylist() == [
        {
            "sourced_id": "o1", "status": "active", "date_last_modified": None, "name": "North",
            "type": "school", "identifier": None, "parent_sourced_id": None, PLACE: "file.csv:2",
        }
    ]  # fmt: skip


def test_column_names_match_without_case_and_misspelt() -> None:
    (out,) = normalize(V2, "orgs", source(SourceId=["o1"], dataLastModified=["2026-01-15"], NAME=["North"]))
    assert rows_of(out.batch, "sourced_id", "date_last_modified", "name") == [
        ("o1", "2026-01-15T00:00:00.000Z", "North")
    ]


def test_of_two_spellings_the_one_with_a_value_counts() -> None:
    batch = source(sourcedId=["u1", "u2"], preferredGivenName=["", "Bo"], preferredFirstName=["Al", "Cy"])
    (out,) = normalize(V2, "users", batch)
    assert rows_of(out.batch, "preferred_given_name") == [("Al",), ("Bo",)]


def test_leading_zeros_and_unknown_values_stay_as_they_came() -> None:
    batch = source(sourcedId=["007"], identifier=["000123"], grades=["9,Lower 4"], enabledUser=["maybe"])
    (out,) = normalize(V2, "users", batch)
    assert rows_of(out.batch, "sourced_id", "identifier", "grades", "enabled_user") == [
        ("007", "000123", "09,Lower 4", "maybe")
    ]


def test_a_1_1_user_gives_one_role_row_per_org_the_first_primary() -> None:
    batch = source(sourcedId=["u1"], role=["Student"], orgSourcedIds=["o2, o1,o2,"], status=[""])
    users, roles = normalize(V1, "users", batch)
    assert (users.table, roles.table) == (RosterTable.USERS, RosterTable.ROLES)
    assert rows_of(roles.batch, "sourced_id", "role_type", "org_sourced_id", "status", PLACE) == [
        ("u1:o2:student", "primary", "o2", "active", "file.csv:2"),
        ("u1:o1:student", "secondary", "o1", "active", "file.csv:2"),
    ]


def test_a_1_1_user_without_an_org_keeps_its_role_for_validation_to_judge() -> None:
    _, roles = normalize(V1, "users", source(sourcedId=["u1"], role=["teacher"], orgSourcedIds=[None]))
    assert rows_of(roles.batch, "sourced_id", "role", "org_sourced_id") == [("u1::teacher", "teacher", None)]


def test_a_user_without_an_id_gives_a_role_without_one() -> None:
    _, roles = normalize(V1, "users", source(sourcedId=[None], role=["student"], orgSourcedIds=["o1"]))
    assert rows_of(roles.batch, "sourced_id", "org_sourced_id") == [(None, "o1")]


def test_guardians_of_1_1_are_counted_and_left_behind() -> None:
    batch = source(
        sourcedId=["u1", "u2", "u3"], role=["parent", "student", None], orgSourcedIds=["o1", "o1", "o1"]
    )
    users, roles = normalize(V1, "users", batch)
    assert (users.out_of_scope, rows_of(users.batch, "sourced_id")) == (1, [("u2",), ("u3",)])
    assert (roles.out_of_scope, rows_of(roles.batch, "user_sourced_id")) == (1, [("u2",), ("u3",)])


ROLES = source(
    sourcedId=["r1", "r2", "r3"], userSourcedId=["u1", "u2", "u2"], role=["parent", "guardian", "teacher"],
    roleType=["primary"] * 3, orgSourcedId=["o1"] * 3,
)  # fmt: skip


def test_users_of_1_2_all_of_whose_roles_are_out_of_scope_are_left_behind() -> None:
    leave_out = out_of_scope_users(V2, [ROLES.slice(0, 2), ROLES.slice(2)])
    assert leave_out.to_pylist() == ["u1"]
    (users,) = normalize(V2, "users", source(sourcedId=["u1", "u2", "u3"]), leave_out)
    assert (users.out_of_scope, rows_of(users.batch, "sourced_id")) == (1, [("u2",), ("u3",)])


def test_roles_of_1_2_that_are_out_of_scope_are_left_behind() -> None:
    (roles,) = normalize(V2, "roles", ROLES)
    assert (roles.out_of_scope, rows_of(roles.batch, "sourced_id")) == (2, [("r3",)])


def test_a_district_can_keep_guardians() -> None:
    maps = maps_for("1.2", {"roles_out_of_scope": []})
    (roles,) = normalize(maps, "roles", ROLES)
    assert (roles.out_of_scope, roles.batch.num_rows) == (0, 3)
    assert out_of_scope_users(maps, [ROLES]).to_pylist() == []


def test_a_table_we_do_not_keep_gives_nothing() -> None:
    assert normalize(V1, "demographics", source(sourcedId=["u1"])) == ()
    assert "demographics" not in source_tables(V1)


def test_an_empty_batch_stays_empty() -> None:
    users, roles = normalize(V1, "users", source(sourcedId=[], role=[], orgSourcedIds=[]))
    assert (users.batch.num_rows, roles.batch.num_rows) == (0, 0)
    assert roles.batch.schema.names == [*ROSTER[RosterTable.ROLES].names, PLACE]


def test_normalizing_piece_by_piece_is_normalizing_the_whole() -> None:
    batch = source(sourcedId=["u1", "u2"], role=["student"] * 2, orgSourcedIds=["o1,o2", "o3"])
    whole = normalize(V1, "users", batch)[1].batch
    parts = [normalize(V1, "users", batch.slice(at, 1))[1].batch for at in range(2)]
    assert pa.Table.from_batches(parts).to_pylist() == whole.to_pylist()
