"""docs/oneroster.md names every endpoint and file of the standard, and tests that there are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from connectors.demographics import DEMOGRAPHICS
from connectors.oneroster.conformance_fields import SERVED
from connectors.oneroster.csv_package import ROSTER_FILES
from connectors.oneroster.fields import SOURCE_TABLES
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, Version, csv_files
from domain.oneroster_lists import NESTED_LISTS

ROOT = Path(__file__).parents[1]
POSTS = {
    "classes/*/lineItems",
    "schools/*/lineItems",
    "lineItems/*/results",
    "classes/*/academicSessions/*/results",
}
"""The four lists that 1.2 lets a consumer post to."""

NONE = "–"


@cache
def table(heading: str) -> dict[str, dict[str, str]]:
    """Return a table of the page as first cell → column → cell."""
    text = (ROOT / "docs" / "oneroster.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    lines = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, _, *body = cells
    return {row[0].strip("`"): dict(zip(head, row, strict=True)) for row in body}


@cache
def known_tests() -> frozenset[str]:
    """Return the name of every test function of this project."""
    files = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for text in files for name in re.findall(r"def (test_\w+)", text))


def test_every_collection_and_file_of_the_standard_has_a_row_and_nothing_else_has() -> None:
    assert list(table("Collections and files")) == [*COLLECTIONS, *SUBSET_COLLECTIONS]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_cell_is_empty_exactly_where_a_version_has_no_such_thing(name: str) -> None:
    row, columns = table("Collections and files")[name], COLLECTIONS[name].columns
    for version in Version:
        assert (row[f"CSV {version.value}"] == NONE) == (name not in csv_files(version))
        assert (row[f"REST {version.value}"] == NONE) == (name not in SERVED or version not in columns)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_what_is_pulled_is_what_the_pulls_read(name: str) -> None:
    row = table("Collections and files")[name]
    assert ("pull" in row["REST 1.2"]) == (name in {*SOURCE_TABLES, DEMOGRAPHICS})
    assert ("pull" in row["CSV 1.2"]) == (name in {*ROSTER_FILES, DEMOGRAPHICS})


def test_every_list_below_a_record_has_a_row_in_its_versions() -> None:
    rows = table("Lists below a record")
    assert set(rows) == NESTED_LISTS.keys() | POSTS
    for shape, row in rows.items():
        for version in Version:
            assert (row[version.value] == NONE) == (version not in NESTED_LISTS.get(shape, ()))
        assert (row["Written"] == NONE) == (shape not in POSTS)


@pytest.mark.parametrize("heading", ["Collections and files", "Lists below a record"])
def test_every_row_names_tests_that_there_are(heading: str) -> None:
    for name, row in table(heading).items():
        named = re.findall(r"`(test_\w+)`", row["Tested by"])
        assert named, name
        assert set(named) <= known_tests(), name
