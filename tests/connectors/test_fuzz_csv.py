"""Whatever bytes a file holds: one of the four errors, or every line read or reported."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.oneroster.csv import CsvPull
from connectors.oneroster.csv_manifest import read_manifest
from connectors.oneroster.csv_package import Unpacked
from connectors.protocol import Notice
from domain.errors import SisbridgeError
from domain.tables import PLACE
from tests.support.roster_csv import NOON, Remembering

Row = dict[str, str | None]

HEAD = b"sourcedId,b,c\n"
LINE_END = re.compile(r"\r\n|\n|\r")
NASTY = st.text('a0",;|\t \r\n\x00\ufeff\x1a\u2028\u00e9', max_size=60)
BYTES = NASTY.map(lambda text: text.encode()) | st.binary(max_size=80)


def pulled(data: bytes) -> tuple[list[Row], list[Notice]]:
    """Pull a loose users.csv of these bytes; return its rows and the rows reported."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        path.write_bytes(data)
        made = CsvPull(Unpacked({"users.csv": path}), Remembering(), NOON())
        rows = [row for page in made.pages("users") for row in page.batch.to_pylist()]
        made.close()
        return rows, [notice for notice in made.notices() if notice.code == "FL30"]


def refusal(work: Callable[[], object]) -> SisbridgeError | None:
    """Return the error of the four that work ended with, if it did."""
    try:
        work()
    except SisbridgeError as error:
        return error
    return None


def lines_of(text: str) -> dict[int, str]:
    """Return the lines that are not blank by number; as LF, CRLF and CR end them."""
    return {number: line for number, line in enumerate(LINE_END.split(text), 1) if line}


def line_of(place: str | None) -> int:
    return int(str(place).partition(":")[2])


def covered(rows: list[Row], held: list[Notice]) -> set[int]:
    """Return the lines that rows and reports stand for; a row covers as many as its cells have breaks."""
    lines = {line_of(notice.place) for notice in held}
    for row in rows:
        first = line_of(row[PLACE])
        breaks = sum(len(LINE_END.findall(cell or "")) for name, cell in row.items() if name != PLACE)
        lines.update(range(first, first + breaks + 1))
    return lines


@settings(deadline=None, max_examples=200)
@given(BYTES)
@example(b'sourcedId\n"')
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_a_roster_or_one_of_the_four_errors(data: bytes) -> None:
    error = refusal(lambda: pulled(data))
    assert error is None or error.fix


@settings(deadline=None, max_examples=300)
@given(BYTES)
@example(b'U1,"x\n\ny",z\n')
@example(b'U1,x,y\nU2,"x\nU3,x,y\n')
@example(b"U1,x,y\r\n\r\nU2,x,y\r")
def test_no_line_is_neither_read_nor_reported(data: bytes) -> None:
    try:
        rows, held = pulled(HEAD + data)
    except SisbridgeError:
        return
    try:
        text = (HEAD + data).decode()
    except UnicodeDecodeError:
        text = (HEAD + data).decode("latin-1")
    assert set(lines_of(text)) - {1} <= covered(rows, held)


@settings(deadline=None, max_examples=200)
@given(BYTES)
def test_no_line_is_both_read_and_reported(data: bytes) -> None:
    try:
        rows, held = pulled(HEAD + data)
    except SisbridgeError:
        return
    assert covered(rows, []).isdisjoint(covered([], held))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6) | st.sampled_from(
    ["", " ", '"', '""', "a\nb", "\r", ",", ";", "\t", "|", "\ufeff", "=1", "NULL", "00012", "\u00e9\u00df"]
)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])


@settings(deadline=None, max_examples=200)
@given(
    TABLES,
    st.sampled_from([",", "\t", ";", "|"]),
    # With bare LF for an end, Python 3.11 leaves a carriage return unquoted, which then is one too.
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
    ENCODINGS,
)
def test_any_table_comes_back_whole_in_every_dialect(
    table: list[list[str]], delimiter: str, dialect: tuple[str, int], encoding: str
) -> None:
    end, quoting = dialect
    names = ["sourcedId", *(f"c{number}" for number in range(1, len(table[0])))]
    keyed = [[f"U{number}", *cells[1:]] for number, cells in enumerate(table)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([names, *keyed])  # type: ignore[arg-type]
    rows, held = pulled(text.getvalue().encode(encoding))
    assert held == []
    assert [[row[name] or "" for name in names] for row in rows] == keyed


@settings(deadline=None, max_examples=150)
@given(BYTES)
def test_any_manifest_is_read_or_refused(data: bytes) -> None:
    error = refusal(lambda: read_manifest(b"propertyName,value\n" + data))
    assert error is None or error.fix
