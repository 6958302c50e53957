"""Every row is read, or reported at its true line, whichever of the two readers meets it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.delimited import reader as csv_reader
from connectors.delimited.reader import TableReader
from connectors.oneroster.csv_header import read_header
from connectors.protocol import Notice
from domain.tables import PLACE


def read(data: bytes, piece: int = 1 << 20) -> tuple[list[dict[str, str | None]], list[Notice]]:
    """Return rows and notices of UTF-8 text that arrives in pieces of a size."""
    notices: list[Notice] = []
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]
    header, lines = read_header(pieces, "users.csv", known=["sourcedId"], needed=["sourcedId"])
    reader = TableReader("users.csv", header, lines, notices.append)
    return [row for batch in reader.batches() for row in batch.to_pylist()], notices


def ids(rows: list[dict[str, str | None]]) -> list[tuple[str | None, str | None]]:
    return [(row["sourcedId"], row[PLACE]) for row in rows]


def test_places_are_the_lines_an_editor_shows() -> None:
    rows, notices = read(b"sourcedId,b\nU1,x\nU2,y\n")
    assert ids(rows) == [("U1", "users.csv:2"), ("U2", "users.csv:3")]
    assert notices == []


def test_an_empty_cell_is_null_and_leading_zeros_stay() -> None:
    rows, _ = read(b'sourcedId,b,c\n007,,""\n')
    assert rows == [{"sourcedId": "007", "b": None, "c": None, PLACE: "users.csv:2"}]


def test_a_quoted_line_break_keeps_the_numbers_true() -> None:
    rows, notices = read(b'sourcedId,b\nU1,"two\nlines"\nU2,y\n')
    assert ids(rows) == [("U1", "users.csv:2"), ("U2", "users.csv:4")]
    assert rows[0]["b"] == "two\nlines"
    assert notices == []


def test_blank_lines_count_as_lines_and_not_as_rows() -> None:
    rows, notices = read(b"\nsourcedId,b\n\nU1,x\n\n\nU2,y\n\n")
    assert ids(rows) == [("U1", "users.csv:4"), ("U2", "users.csv:7")]
    assert notices == []


def test_carriage_returns_end_lines_too() -> None:
    assert ids(read(b"sourcedId,b\rU1,x\rU2,y")[0]) == [("U1", "users.csv:2"), ("U2", "users.csv:3")]


def test_a_ragged_row_is_held_by_place_and_key_and_the_rest_goes_on() -> None:
    rows, notices = read(b"sourcedId,b,c\nU1,x,y\nU2,x\nU3,x,y,z\nU4,x,y\n")
    assert ids(rows) == [("U1", "users.csv:2"), ("U4", "users.csv:5")]
    assert [(n.code, n.severity, n.place, n.key) for n in notices] == [
        ("FL30", "hold row", "users.csv:3", "U2"),
        ("FL30", "hold row", "users.csv:4", "U3"),
    ]


def test_a_row_cut_by_a_bare_line_break_is_held_and_its_second_half_has_no_key() -> None:
    rows, notices = read(b"sourcedId,b,c\nU1,note\nMiller,y\nU2,x,y\n")
    assert ids(rows) == [("U2", "users.csv:4")]
    assert [(n.place, n.key) for n in notices] == [("users.csv:2", "U1"), ("users.csv:3", "")]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_quote_that_never_closes_costs_one_row(ending: bytes) -> None:
    rows, notices = read(b'sourcedId,b\nU1,x\nU2,"y\nU3,z\nU4,w' + ending)
    assert ids(rows) == [("U1", "users.csv:2"), ("U3", "users.csv:4"), ("U4", "users.csv:5")]
    assert [(n.place, n.key) for n in notices] == [("users.csv:3", "U2")]


def test_a_quote_left_open_in_the_last_row_of_a_cut_off_file_holds_that_row() -> None:
    rows, notices = read(b'sourcedId,b\nU1,x\nU2,"y')
    assert ids(rows) == [("U1", "users.csv:2")]
    assert [n.place for n in notices] == ["users.csv:3"]


def test_a_cell_beyond_all_measure_holds_its_row() -> None:
    rows, notices = read(b'sourcedId,b\nU1,"' + b"x" * 200_000 + b'"\n\nU2,y\n')
    assert ids(rows) == [("U2", "users.csv:4")]
    assert [n.place for n in notices] == ["users.csv:2"]


def test_a_notice_never_shows_a_value() -> None:
    _, notices = read(b'sourcedId,b,c\nU1,Miller\nU2,"Jones\n')
    assert not [n for n in notices if "Miller" in repr(n) or "Jones" in repr(n)]


def test_columns_without_a_name_are_not_read() -> None:
    rows, notices = read(b"sourcedId,b,,\nU1,x,,\n")
    assert rows == [{"sourcedId": "U1", "b": "x", PLACE: "users.csv:2"}]
    assert notices == []


_cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["", " ", '"', "a\nb", "\r", ",", "\ufeff", "=1"]
)


@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(_cells, min_size=width, max_size=width))),
    st.sampled_from([",", "\t", "|", ";"]),
    st.integers(1, 400),
)
def test_any_table_that_python_writes_is_read_back_exactly(
    table: list[list[str]], delimiter: str, piece: int
) -> None:
    width = len(table[0]) if table else 2
    names = ["sourcedId", *(f"c{number}" for number in range(1, width))]
    text = io.StringIO(newline="")
    # The delimiter of a single column cannot be seen.
    csv.writer(text, delimiter=delimiter if width > 1 else ",").writerows([names, *table])
    rows, notices = read(text.getvalue().encode(), piece)
    assert [[row[name] or "" for name in names] for row in rows] == table
    assert notices == []


_lines = st.lists(st.sampled_from(["a", "U1", ",", '"', '""', "\n", "\r\n", "\r", "x,y,z\n", "é"]))


def line_of(place: str | None) -> int:
    return int((place or "").rpartition(":")[2])


def span(row: dict[str, str | None]) -> range:
    """Return the lines a row stands on: one more for each line end inside its cells."""
    inside = sum(len(f"{cell or ''}x".encode().splitlines()) - 1 for cell in row.values())
    return range(line_of(row[PLACE]), line_of(row[PLACE]) + inside + 1)


@given(_lines.map("".join), st.integers(1, 64))
def test_every_line_is_read_or_reported(text: str, piece: int) -> None:
    data = b"sourcedId,b,c\n" + text.encode()
    rows, notices = read(data, piece)
    met = [line for row in rows for line in span(row)] + [line_of(notice.place) for notice in notices]
    filled = {number for number, line in enumerate(data.splitlines(), 1) if line and number > 1}
    assert filled <= set(met)
    assert len(met) == len(set(met))


@given(_lines.map("".join))
def test_both_readers_agree(text: str) -> None:
    data = b"sourcedId,b,c\n" + text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader.TableReader, "_at_once", lambda *_: None)
        slowly = read(data)
    assert read(data) == slowly


_rows = st.sampled_from(["U1,x,y\n", "U2,x\n", 'U3,"x",y\r\n', 'U4,"x\ny",z\n', "U5,é,\n", "\n", 'U6,"x,y\n'])


@given(st.lists(_rows).map("".join), st.integers(8, 40))
@example('U1,x,y\nU4,"x\ny",z\n', 9)
@example('U1,x,y\nU4,x,"y\nz,x,y"\n', 12)
def test_it_does_not_matter_how_much_arrow_parses_at_once(text: str, at_once: int) -> None:
    data = b"sourcedId,b,c\n" + text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "_AT_ONCE", at_once)
        in_parts = read(data)
    assert in_parts == read(data)


def test_a_ragged_row_keeps_its_line_whatever_arrow_parses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "_AT_ONCE", 16)
    monkeypatch.delattr(csv_reader.TableReader, "_one_by_one")
    rows, notices = read(b"sourcedId,b,c\nU1,x,y\nU2,x,y\nU3,x,y\nU4,x,y\nU5,x\nU6,x,y\n")
    assert ids(rows)[-1] == ("U6", "users.csv:7")
    assert [(notice.place, notice.key) for notice in notices] == [("users.csv:6", "U5")]
