"""Delimited files under a vendor's own names, from a real SFTP server."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.flat.layout import FileLayout, FlatLayout, plain_name, vendor_name
from connectors.flat.plain import TABLES, PlainCsvSettings, PlainCsvSource
from connectors.flat.pull import FlatPull
from connectors.flat.settings import FlatSettings
from connectors.flat.source import FlatFilesSource
from domain.clock import FixedClock
from domain.errors import RetryLater, StopDistrict
from domain.ids import DistrictCode
from domain.tables import PLACE
from mappings.dialects import dialect
from simulators.sftp import RunningSftp
from tests.conformance.roster_contract import Kept
from tests.support.sftp import USER, reach, sftp_server

NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)
STUDENTS = FileLayout(name="students*.txt", required=("DCID", "Last_Name"), key="DCID")
BY_POSITION = FileLayout(name="students*.txt", header=False, columns=("DCID", "Last_Name"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path_factory.mktemp("root")) as running:
        yield running


@pytest.fixture
def drop(server: RunningSftp) -> Path:
    folder = server.outgoing(USER)
    for old in folder.iterdir():
        old.unlink()
    return folder


def source(
    server: RunningSftp, files: Mapping[str, FileLayout], *, nulls: frozenset[str] = frozenset()
) -> FlatFilesSource:
    settings = FlatSettings.model_validate({**reach(server), "settle_seconds": 0, "stale_after_hours": None})
    layout = FlatLayout("flat", files, vendor_name, nulls)
    return FlatFilesSource(DistrictCode("maple"), settings, layout, clock=FixedClock(NOW))


def pulled(
    server: RunningSftp, layout: FileLayout = STUDENTS, nulls: frozenset[str] = frozenset()
) -> tuple[FlatPull, list[tuple[str | None, ...]]]:
    """Return a pull of students, and its rows as tuples."""
    pull = source(server, {"students": layout}, nulls=nulls).open(None, Kept())
    rows = [tuple(row.values()) for page in pull.pages("students") for row in page.batch.to_pylist()]
    pull.close()
    return pull, rows


def stopped(server: RunningSftp, layout: FileLayout = STUDENTS) -> StopDistrict:
    with pytest.raises(StopDistrict) as caught:
        pulled(server, layout)
    return caught.value


@pytest.mark.parametrize(
    ("cell", "plain", "vendor"),
    [
        ("STUDENTS.DCID", "STUDENTS.DCID", "DCID"),
        ("[39]Alternate School", "[39]Alternate School", "Alternate School"),
        ("\ufeff Last \u200b Name\t", "Last Name", "Last Name"),
        ("Dr.", "Dr.", "Dr."),
        ("\u00a0", "", ""),
    ],
)
def test_a_header_cell_is_cleaned(cell: str, plain: str, vendor: str) -> None:
    assert (plain_name(cell), vendor_name(cell)) == (plain, vendor)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("DCID\tLast_Name\n1\tPérez\n", "utf-8"),
        ("students.dcid,STUDENTS.LAST_NAME\r\n1,Pérez\r\n", "utf-8-sig"),
        ("[39]DCID|Last_Name\r1|Pérez\r", "utf-16"),
        ('"DCID";" Last_Name "\n"1";"Pérez"', "cp1252"),
    ],
)
def test_delimiter_header_and_encoding_are_found_out(
    server: RunningSftp, drop: Path, text: str, encoding: str
) -> None:
    (drop / "Students_0115.txt").write_bytes(text.encode(encoding))
    pull, rows = pulled(server)
    assert rows == [("1", "Pérez", "Students_0115.txt:2")]
    assert [one.code for one in pull.notices()] == (["FL20"] if encoding in ("utf-16", "cp1252") else [])


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("mac-roman", "mac-roman"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-8", "utf-8"),
    ],
)
def test_an_agreed_encoding_is_read_as_agreed(
    server: RunningSftp, drop: Path, encoding: str, written: str
) -> None:
    (drop / "students.txt").write_bytes("DCID\tLast_Name\n1\tPérez\n".encode(written))
    layout = STUDENTS.model_copy(update={"encoding": encoding})
    pull, rows = pulled(server, layout)
    assert (rows[0][1], pull.notices()) == ("Pérez", ())


def test_a_file_agreed_to_be_utf_8_that_is_not_stops_the_district(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes("DCID\tLast_Name\n1\tPérez\n".encode("cp1252"))
    assert stopped(server, STUDENTS.model_copy(update={"encoding": "utf-8"})).code == "FL13"


def test_a_mark_at_the_front_knows_better_than_the_agreement(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(codecs.BOM_UTF8 + "DCID\tLast_Name\n1\tPérez\n".encode())
    assert pulled(server, STUDENTS.model_copy(update={"encoding": "mac-roman"}))[1][0][1] == "Pérez"


def test_a_file_without_a_header_row_is_read_by_position(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"1\tQuill\n2\tMoss\n")
    assert pulled(server, BY_POSITION)[1] == [
        ("1", "Quill", "students.txt:1"),
        ("2", "Moss", "students.txt:2"),
    ]


def test_by_position_the_number_of_columns_has_to_agree(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"1\tQuill\t9\n2\tMoss\t9\n")
    error = stopped(server, BY_POSITION)
    assert (error.code, error.place) == ("FL14", "students.txt:1")
    assert "has 3 columns where 2 were agreed" in error.message


def test_a_header_row_that_should_not_be_there_is_not_data(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"Students.DCID\tLast_Name\n1\tQuill\n")
    pull, rows = pulled(server, BY_POSITION)
    assert rows == [("1", "Quill", "students.txt:2")]
    assert [one.code for one in pull.notices()] == ["FL25"]


def test_a_torn_row_is_held_by_table_line_and_key(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"DCID\tLast_Name\n1\tQuill\n2\tMo\tss\n3\tReed\n")
    pull, rows = pulled(server)
    assert [row[0] for row in rows] == ["1", "3"]
    (notice,) = pull.notices()
    assert (notice.code, notice.source_table, notice.place, notice.key) == (
        "FL30", "students", "students.txt:3", "2",
    )  # fmt: skip


def test_cells_that_stand_for_nothing_are_null_by_setting(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"DCID\tLast_Name\n1\tn/a\n2\t 0/0/0\n3\tNULL\n")
    assert [row[1] for row in pulled(server)[1]] == ["n/a", " 0/0/0", "NULL"]
    assert [row[1] for row in pulled(server, nulls=frozenset({"N/A", "0/0/0"}))[1]] == [None, None, "NULL"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FL11"),
        (b"DCID\tLast_Name\n", "FL11"),
        (b"DCID\tName\n1\tQuill\n", "FL10"),
        (b"DCID\tLast_Name\tLast_Name\n1\ta\tb\n", "FL12"),
        (b"\x00\x01\x02", "FL13"),
    ],
)
def test_a_file_nothing_can_be_made_of_stops_the_district(
    server: RunningSftp, drop: Path, content: bytes, code: str
) -> None:
    (drop / "students.txt").write_bytes(content)
    error = stopped(server)
    assert (error.code, bool(error.fix)) == (code, True)


def test_a_file_without_its_header_shows_none_of_its_values(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"7\tQuill\tQuill\n8\tReed\tReed\n")
    with pytest.raises(StopDistrict) as raised:
        source(server, {"students": FileLayout(name="students.txt")}).open(None, Kept())
    assert (raised.value.code, raised.value.message) == (
        "FL12", "students.txt has columns of the same name: (columns 2 and 3)",
    )  # fmt: skip
    assert "Quill" not in repr(raised.value.__dict__)


def test_a_missing_file_is_named_and_an_optional_one_is_absent(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"DCID\tLast_Name\n1\tQuill\n")
    (drop / "empty.txt").write_bytes(b"DCID\tLast_Name\n")
    terms, empty = FileLayout(name="terms.txt", optional=True), FileLayout(name="empty.txt", optional=True)
    pull = source(server, {"terms": terms, "students": STUDENTS, "more": empty}).open(None, Kept())
    pull.close()
    assert (pull.facts.source_tables, pull.facts.absent) == (("students",), ("terms", "more"))
    with pytest.raises(StopDistrict, match=r"received: terms\.txt is not in the folder"):
        source(server, {"terms": FileLayout(name="terms.txt"), "students": STUDENTS}).open(None, Kept())


def test_one_file_may_hold_two_tables_and_lands_once(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"DCID\tLast_Name\n1\tQuill\n")
    landing = Kept()
    pull = source(server, {"students": STUDENTS, "staff": STUDENTS}).open(None, landing)
    pages = [page for name in ("students", "staff") for page in pull.pages(name)]
    pull.close()
    assert [page.batch.column(PLACE).to_pylist() for page in pages] == [["students.txt:2"]] * 2
    assert landing.kept() == ["students.txt/000000.raw"]


def test_a_file_that_is_still_written_is_waited_for(server: RunningSftp, drop: Path) -> None:
    path = drop / "students.txt"
    path.write_bytes(b"DCID\tLast_Name\n1\tQuill\n")
    settings = FlatSettings.model_validate({**reach(server), "settle_seconds": 9, "stale_after_hours": None})
    files = FlatFilesSource(
        DistrictCode("maple"),
        settings,
        FlatLayout("flat", {"students": STUDENTS}),
        pause=lambda _: path.write_bytes(b"DCID\tLast_Name\n1\tQuill\n2\tMoss\n") and None,
    )
    with pytest.raises(RetryLater, match="FL01"):
        files.open(None, Kept())


def test_a_check_says_which_file_holds_what(server: RunningSftp, drop: Path) -> None:
    (drop / "students.txt").write_bytes(b"DCID\tLast_Name\n1\tQuill\n")
    report = source(server, {"students": STUDENTS}).check()
    assert [step.message for step in report.steps][-3:] == [
        "found students.txt (students)",
        "flat, bulk: students",
        "a row of students",
    ]
    assert report.orgs is None


def test_the_tables_of_plain_csv_are_those_of_its_dialect() -> None:
    known = dialect("flat")
    assert known is not None
    assert tuple(known.sources) == TABLES


def test_plain_csv_takes_its_files_from_the_settings(server: RunningSftp, drop: Path) -> None:
    (drop / "kids.csv").write_bytes(b"Student ID,Last\n1,Quill\n")
    values = {
        **reach(server),
        "settle_seconds": 0,
        "stale_after_hours": None,
        "files": {"students": {"name": "kids.csv", "required": ["Student ID"]}},
    }
    settings = PlainCsvSettings.model_validate(values)
    pull = PlainCsvSource(DistrictCode("maple"), settings).open(None, Kept())
    assert (pull.facts.version, pull.facts.source_tables) == ("flat", ("students",))
    assert next(iter(pull.pages("students"))).batch.schema.names == ["Student ID", "Last", PLACE]
    pull.close()


def test_a_table_plain_csv_does_not_know_is_refused_by_name(server: RunningSftp) -> None:
    values = {**reach(server), "files": {"pupils": {"name": "kids.csv"}}}
    with pytest.raises(ValueError, match="unknown tables pupils"):
        PlainCsvSettings.model_validate(values)
