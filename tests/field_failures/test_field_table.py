"""The page of field failures and the tests stay in step."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
OURS = re.compile(r"test_field_failure_(\d\d)_\w+")
FORMS = re.compile(r"`test_\w+`|\b[A-Z]{2}\d\d\b|#what-no-code-answers|issue: PowerSchool and|not yet")


@cache
def table() -> dict[int, str]:
    """Return what answers each failure, by number."""
    found = ROW.findall((ROOT / "docs" / "field-failures.md").read_text(encoding="utf-8"))
    assert [int(number) for number, _, _ in found] == list(range(1, 83))
    return {int(number): answer for number, _, answer in found}


@cache
def names_below(folder: str) -> set[str]:
    """Return the name of every test function below a folder."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / folder).rglob("*.py"))
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def ours() -> list[re.Match[str]]:
    """Return the names of the tests in this folder, with their numbers."""
    return [match for name in names_below("tests/field_failures") if (match := OURS.fullmatch(name))]


@cache
def sources() -> str:
    """Return the text of all that may raise or report a code."""
    folders = ("connectors", "domain", "mappings", "sisbridge", "validation")
    return "".join(
        path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")
    )


@pytest.mark.parametrize("number", range(1, 83))
def test_every_failure_has_an_answer_that_exists(number: int) -> None:
    answer = table()[number]
    assert FORMS.search(answer)
    assert set(re.findall(r"`(test_\w+)`", answer)) <= names_below("tests")
    assert [code for code in re.findall(r"\b[A-Z]{2}\d\d\b", answer) if f'"{code}"' not in sources()] == []


def test_every_test_of_a_failure_stands_in_its_row() -> None:
    lost = [one[0] for one in ours() if f"`{one[0]}`" not in table()[int(one[1])]]
    assert lost == []


def test_every_failure_of_connection_paging_and_files_is_tested_or_owned_up_to() -> None:
    tested = {int(one[1]) for one in ours()}
    lacking = {*range(1, 28), *range(50, 62)} - tested
    assert {number for number in lacking if "not yet" not in table()[number]} == set()
