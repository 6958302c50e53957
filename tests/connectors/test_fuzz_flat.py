"""Any bytes as an exported file: rows, notices or one of the four errors, and no line without a word."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.flat.layout import FileLayout, FlatLayout, plain_name, vendor_name
from connectors.flat.pull import FlatPull
from domain.errors import SisbridgeError
from domain.model import Severity
from domain.tables import PLACE
from tests.conformance.roster_contract import Kept

NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6).filter(
    lambda text: '"' not in text
)


def pulled(data: bytes, layout: FileLayout) -> tuple[list[dict[str, str | None]], int]:
    """Return the rows of a file, and how many rows it held back with a notice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "students.txt"
        path.write_bytes(data)
        flat = FlatLayout("flat", {"students": layout}, vendor_name)
        pull = FlatPull(flat, {"students": path}, Kept(), NOW)
        rows = [row for page in pull.pages("students") for row in page.batch.to_pylist()]
        return rows, sum(one.severity == Severity.HOLD_ROW for one in pull.notices())


@CALM
@given(
    st.binary(max_size=300),
    st.sampled_from(["auto", "utf-8", "utf-16", "cp1252", "mac-roman"]),
    st.booleans(),
)
def test_any_bytes_are_rows_or_one_of_the_four_errors(data: bytes, encoding: str, header: bool) -> None:
    layout = FileLayout.model_validate(
        {"name": "students.txt", "encoding": encoding, "header": header, "columns": ("id", "name")}
    )
    refused, rows = "", []
    try:
        rows, _ = pulled(data, layout)
    except SisbridgeError as error:
        refused = error.fix
    assert not (refused and rows)
    assert all((row[PLACE] or "").startswith("students.txt:") for row in rows)


@CALM
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12))
def test_every_line_is_a_row_or_a_notice(lines: list[list[str]]) -> None:
    clean = [
        ["".join(c for c in cell if c not in ",\t;|\u2028\u2029\x85") for cell in line] for line in lines
    ]
    kept = [line for line in clean if any(cell.strip() for cell in line)]
    text = "id,name\r\n" + "".join(f"{','.join(line)}\r\n" for line in kept)
    layout = FileLayout(name="students.txt", delimiter=",")
    if not kept:
        return
    rows, held = pulled(text.encode(), layout)
    assert len(rows) + held == len(kept)
    assert held == sum(len(line) != 2 for line in kept)


@CALM
@given(st.text(max_size=30))
def test_a_cleaned_header_cell_stays_clean(cell: str) -> None:
    once = plain_name(cell)
    assert plain_name(once) == once
    assert "  " not in once
