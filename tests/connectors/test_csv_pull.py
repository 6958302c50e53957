"""One pull of a package: manifest, headers, encodings, pages and what is landed."""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.delimited import reader as csv_reader
from connectors.delimited.encoding import PIECE
from connectors.oneroster.csv_package import CsvLimits
from connectors.oneroster.csv_pull import local_package, open_package
from connectors.protocol import Pull, RosterSource
from domain.errors import SisbridgeError, StopDistrict
from domain.model import Mode
from domain.tables import PLACE
from tests.support.roster_csv import (
    ROSTER,
    Remembering,
    manifest,
    pull,
    rows,
    source,
    write_folder,
    write_zip,
)

DATA = Path(__file__).parents[2] / "simulators" / "data"


def with_users(tmp_path: Path, users: bytes) -> Path:
    return write_folder(tmp_path / "drop", ROSTER | {"manifest.csv": manifest(), "users.csv": users})


def stopped(path: Path) -> StopDistrict:
    with pytest.raises(StopDistrict) as caught:
        pull(path)
    return caught.value


def test_facts_name_mode_version_order_and_moment(tmp_path: Path) -> None:
    facts = pull(with_users(tmp_path, ROSTER["users.csv"])).facts
    assert (facts.mode, facts.version) == (Mode.BULK, "1.1")
    assert facts.source_tables == ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
    assert facts.absent == ()
    assert facts.as_of == datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declared", "read_as"), [("1.0", "1.1"), ("1.1", "1.1"), ("1.2", "1.2"), ("v1p2", "1.2")]
)
def test_the_manifest_names_the_version(tmp_path: Path, declared: str, read_as: str) -> None:
    files = ROSTER | {"manifest.csv": manifest(declared)}
    assert pull(write_folder(tmp_path / "drop", files)).facts.version == read_as


def test_what_a_version_has_and_a_package_has_not_is_absent(tmp_path: Path) -> None:
    files = ROSTER | {"manifest.csv": manifest("1.2", roles="absent")}
    assert pull(write_folder(tmp_path / "drop", files)).facts.absent == ("roles",)


def test_roles_are_their_own_table_and_mean_1_2_without_a_manifest(tmp_path: Path) -> None:
    made = pull(write_folder(tmp_path / "drop", ROSTER | {"roles.csv": b"sourcedId,role\nR1,student\n"}))
    assert made.facts.version == "1.2"
    assert made.facts.source_tables[-2:] == ("roles", "enrollments")
    assert rows(made, "roles") == [{"sourcedId": "R1", "role": "student", PLACE: "roles.csv:2"}]


def test_an_unknown_version_stops_the_district(tmp_path: Path) -> None:
    assert stopped(write_folder(tmp_path / "drop", ROSTER | {"manifest.csv": manifest("2.0")})).code == "FL07"


def test_a_declared_file_that_is_not_there_stops_the_district(tmp_path: Path) -> None:
    files = {name: data for name, data in ROSTER.items() if name != "courses.csv"}
    error = stopped(write_zip(tmp_path / "a.zip", files | {"manifest.csv": manifest()}))
    assert (error.code, error.message) == (
        "FL06",
        "manifest.csv declares courses.csv, which is not in the package",
    )


def test_a_file_declared_absent_is_not_read(tmp_path: Path) -> None:
    made = pull(write_folder(tmp_path / "drop", ROSTER | {"manifest.csv": manifest(users="absent")}))
    assert "users" in made.facts.absent
    assert [notice.code for notice in made.notices()] == ["FL26"]


def test_all_absent_means_nothing_changed(tmp_path: Path) -> None:
    absent = dict.fromkeys((name.removesuffix(".csv") for name in ROSTER), "absent")
    made = pull(write_zip(tmp_path / "a.zip", {"manifest.csv": manifest(**absent)}))
    assert made.facts.source_tables == ()


def test_odd_manifests_are_read_with_notices(tmp_path: Path) -> None:
    odd = manifest(users="").replace(b"value", b"propertyValue") + b"file.systemName,Maple\r\n"
    made = pull(write_folder(tmp_path / "drop", ROSTER | {"manifest.csv": odd}))
    assert len(rows(made, "users")) == 2
    assert {notice.code for notice in made.notices()} == {"FL26"}


def test_one_delta_file_makes_a_delta(tmp_path: Path) -> None:
    files = ROSTER | {"manifest.csv": manifest(users="delta")}
    assert pull(write_folder(tmp_path / "drop", files)).facts.mode is Mode.DELTA


def test_a_delta_file_may_be_without_rows_and_has_one_page(tmp_path: Path) -> None:
    files = ROSTER | {"manifest.csv": manifest(users="delta"), "users.csv": b"sourcedId,status\n"}
    (page,) = pull(write_folder(tmp_path / "drop", files)).pages("users")
    assert (page.proof.rows, page.proof.next) == (0, None)
    assert page.batch.schema.names == ["sourcedId", "status", PLACE]


@pytest.mark.parametrize(
    "users", [b"", b"\xef\xbb\xbf", b"sourcedId,givenName\r\n", b"sourcedId\r\n\r\n\r\n"]
)
def test_a_bulk_file_without_rows_is_no_data_received(tmp_path: Path, users: bytes) -> None:
    error = stopped(with_users(tmp_path, users))
    assert (error.code, error.place) == ("FL11", "users.csv")


def test_a_missing_key_column_is_named(tmp_path: Path) -> None:
    error = stopped(with_users(tmp_path, b"givenName,familyName\nAnn,Other\n"))
    assert (error.code, error.message) == ("FL10", "users.csv has no column sourcedId")


def test_a_file_without_a_header_shows_none_of_its_values(tmp_path: Path) -> None:
    error = stopped(with_users(tmp_path, b"U1,Ann,Ann\nU2,Bo,Bo\n"))
    assert (error.code, "Ann" in str(error)) == ("FL10", False)


def test_two_columns_of_a_name_stop_the_district(tmp_path: Path) -> None:
    error = stopped(with_users(tmp_path, b"sourcedId,email,Email\nU1,a,b\n"))
    assert (error.code, error.message) == (
        "FL12", "users.csv has columns of the same name: email (columns 2 and 3)",
    )  # fmt: skip


def test_a_byte_order_mark_goes_unnoticed(tmp_path: Path) -> None:
    made = pull(with_users(tmp_path, b"\xef\xbb\xbfsourcedId,givenName\nU1,Ann\n"))
    assert rows(made, "users")[0]["sourcedId"] == "U1"
    assert made.notices() == ()


def test_windows_1252_keeps_every_byte_and_is_noticed(tmp_path: Path) -> None:
    made = pull(with_users(tmp_path, b"sourcedId,givenName\nU1,Ren\xe9e O\x92Hara\x81\n"))
    assert rows(made, "users")[0]["givenName"] == "Renée O’Hara\x81"
    assert [(n.code, n.place) for n in made.notices()] == [("FL20", "users.csv")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(tmp_path: Path, encoding: str) -> None:
    made = pull(with_users(tmp_path, "\ufeffsourcedId\tgivenName\r\nU1\tRenée\r\n".encode(encoding)))
    assert rows(made, "users") == [{"sourcedId": "U1", "givenName": "Renée", PLACE: "users.csv:2"}]
    assert [notice.code for notice in made.notices()] == ["FL20", "FL21"]


@pytest.mark.parametrize("users", [b"PK\0\0", b"\xff\xfes\0o\0\0", b"s\0o\0u\0", b"\xff\0\xe9"])
def test_what_is_no_text_stops_the_district(tmp_path: Path, users: bytes) -> None:
    assert stopped(with_users(tmp_path, users)).code == "FL13"


@pytest.mark.parametrize("delimiter", [b"\t", b"|", b";"])
def test_other_delimiters_are_read_with_a_notice(tmp_path: Path, delimiter: bytes) -> None:
    made = pull(with_users(tmp_path, b"sourcedId,a,b\nU1,x,y\n".replace(b",", delimiter)))
    assert rows(made, "users") == [{"sourcedId": "U1", "a": "x", "b": "y", PLACE: "users.csv:2"}]
    assert [notice.code for notice in made.notices()] == ["FL21"]


def test_header_names_lose_invisible_characters_and_wrong_case_with_notices(tmp_path: Path) -> None:
    made = pull(with_users(tmp_path, "\u200bsourcedid,ext_Bus\nU1,7\n".encode()))
    assert rows(made, "users") == [{"sourcedId": "U1", "ext_Bus": "7", PLACE: "users.csv:2"}]
    assert [notice.code for notice in made.notices()] == ["FL25", "FL25"]


def test_raw_bytes_are_landed_as_they_came_before_anything_is_judged(tmp_path: Path) -> None:
    landing, broken = Remembering(), b"\xff\xfe\0"
    with pytest.raises(StopDistrict, match="FL13"):
        pull(with_users(tmp_path, broken), landing)
    assert landing.kept["users.csv/000000.raw"] == broken
    assert landing.kept["orgs.csv/000000.raw"] == ROSTER["orgs.csv"]


def test_large_files_are_landed_in_pieces_and_read_across_them(tmp_path: Path) -> None:
    users = b"sourcedId,a\r\n" + b"".join(b"U%07d,%s\r\n" % (n, b"x" * 90) for n in range(100_000))
    landing = Remembering()
    made = pull(with_users(tmp_path, users), landing)
    pages = list(made.pages("users"))
    landed = [landing.kept[name] for name in sorted(landing.kept) if name.startswith("users.csv/")]
    assert (len(landed), b"".join(landed)) == (3, users)
    assert len(users) > PIECE
    assert [page.proof.rows for page in pages] == [len(page.batch) for page in pages]
    assert pages[-1].batch.to_pylist()[-1][PLACE] == "users.csv:100001"


def test_a_cursor_goes_on_where_a_pull_broke_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "ROWS", 1)
    path = with_users(tmp_path, b'sourcedId,a\nU1,"x\ny"\nU2,x\nU3,x\n')
    first = next(pull(path).pages("users"))
    rest = list(pull(path).pages("users", first.proof.next))
    assert [page.batch["sourcedId"].to_pylist() for page in rest] == [["U2"], ["U3"]]
    assert [page.proof.number for page in rest] == [1, 2]
    assert rest[-1].proof.next is None


def test_a_package_is_read_from_what_was_landed_of_it(tmp_path: Path) -> None:
    path = with_users(tmp_path, ROSTER["users.csv"])
    made = pull(path)
    (path / "users.csv").write_bytes(b"overwritten meanwhile")
    assert len(rows(made, "users")) == 2


def test_who_only_looks_at_a_package_leaves_nothing_behind_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, temporary = with_users(tmp_path, ROSTER["users.csv"]), tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    made = open_package(lambda folder: local_package(path, folder, CsvLimits()), None, datetime.now(UTC))
    (path / "users.csv").write_bytes(b"overwritten meanwhile")
    assert len(rows(made, "users")) == 2
    made.close()
    assert list(temporary.iterdir()) == []


def test_rows_read_twice_are_noticed_once(tmp_path: Path) -> None:
    made = pull(with_users(tmp_path, b"sourcedId,a\nU1\nU2,x\n"))
    assert rows(made, "users") == rows(made, "users")
    assert [notice.place for notice in made.notices()] == ["users.csv:2"]


_BEGINNINGS = [b"", b"sourcedId,a\n", b"sourcedId,a\nU1,x\n", b'\xef\xbb\xbfsourcedId\tb\n"', b"\xff\xfe"]


@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=300), st.sampled_from(["users.csv", "manifest.csv"]))
def test_arbitrary_bytes_raise_nothing_but_the_four_errors(
    tmp_path_factory: pytest.TempPathFactory, beginning: bytes, data: bytes, name: str
) -> None:
    drop = write_folder(tmp_path_factory.mktemp("drop"), ROSTER | {name: beginning + data})
    with contextlib.suppress(SisbridgeError), contextlib.closing(pull(drop)) as made:
        assert all(row[PLACE] for table in made.facts.source_tables for row in rows(made, table))


def test_source_and_pull_keep_the_protocol(tmp_path: Path) -> None:
    path = with_users(tmp_path, ROSTER["users.csv"])
    kept: RosterSource = source(path)
    opened: Pull = kept.open(None, Remembering())
    assert opened.facts.source_tables


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_a_real_package_is_read_to_its_last_row(size: str) -> None:
    path = DATA / f"oneroster_generator_district_{size}_1p1_csv.zip"
    made = pull(path)
    with zipfile.ZipFile(path) as package:
        for table in made.facts.source_tables:
            text = io.TextIOWrapper(package.open(f"{table}.csv"), "utf-8", newline="")
            assert [{**row, PLACE: None} for row in rows(made, table)] == [
                {**{key: cell or None for key, cell in row.items()}, PLACE: None}
                for row in csv.DictReader(text)
            ]
    assert made.notices() == ()
