"""What a traceback or a debugger shows of our own objects: never the rows they carry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.powerschool.class_lists import Place
from connectors.protocol import Page, PageProof
from tests.conformance.canaries import FAMILY

ROOT = Path(__file__).parents[2]
CARRIES_ROWS = re.compile(r"\bRecordBatch\b|\bTable\b|\b_?Rows?\b|\bbytes\b|\bMapping\[str, str \| None\]")
NO_VALUES = {
    ("mappings/compare.py", "_Sides"),
    ("mappings/holding.py", "Board"),
    ("sisbridge/store/keyscan.py", "_Packing"),
}
"""Tables of ids and digests, and functions of them: no values of any row."""


@pytest.mark.parametrize("package", ["connectors", "mappings", "validation", "sisbridge"])
def test_no_dataclass_shows_the_rows_it_carries(package: str) -> None:
    assert list(shown(package)) == []


def shown(package: str) -> Iterator[str]:
    """Yield the fields of a package's dataclasses that carry rows and stand in the repr."""
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(one, ast.ClassDef) and is_told(one) and (name, one.name) not in NO_VALUES:
                yield from (f"{name} {one.name}.{field}" for field in carrying(one))


def is_told(one: ast.ClassDef) -> bool:
    """Return whether a class is a dataclass whose repr nobody wrote by hand."""
    by_hand = any(isinstance(part, ast.FunctionDef) and part.name == "__repr__" for part in one.body)
    return not by_hand and any("dataclass" in ast.unparse(mark) for mark in one.decorator_list)


def carrying(one: ast.ClassDef) -> Iterator[str]:
    """Yield the fields of a dataclass that carry rows in clear and are not hidden."""
    fields = [part for part in one.body if isinstance(part, ast.AnnAssign)]
    for part in fields:
        is_hidden = part.value is not None and "repr=False" in ast.unparse(part.value)
        if not is_hidden and CARRIES_ROWS.search(ast.unparse(part.annotation)):
            yield ast.unparse(part.target)


def test_a_page_and_a_students_place_show_nothing_of_their_rows() -> None:
    page = Page("users", pa.record_batch({"familyName": [FAMILY]}), PageProof(0, 1, None, None))
    assert FAMILY not in f"{page!r}{Place(({'last_name': FAMILY},))!r}"
