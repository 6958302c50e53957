"""What a narrow screen shows: ids in one piece, sentences broken between words."""

from __future__ import annotations

import pytest
from rich.console import Console

from sisbridge.cli import output
from validation.rules import catalogue

ITEM, STUDENT = "8646b369-fa64-5262-a875-48a6c4b5197f", "0a03f039a14141faefe76c28b21609fe"
HEADS = ("item", "student", "state", "route", "revision")
ROWS = [(ITEM, STUDENT, "conflict", "oneroster_gradebook", 2), (ITEM, STUDENT, "", "registrar_file", 1)]


def test_a_row_is_told_in_a_sentence_where_its_ids_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=80, highlight=False))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    output.print_table("On their way", HEADS, ROWS, whole=("item", "student"))
    assert capsys.readouterr().out == (
        "On their way\n"
        f"  item {ITEM}; student\n"
        f"      {STUDENT}; state conflict; route\n"
        "      oneroster_gradebook; revision 2\n"
        f"  item {ITEM}; student\n"
        f"      {STUDENT}; route registrar_file; revision 1\n"
    )


def test_a_table_stays_a_table_where_its_ids_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=120, highlight=False))
    output.print_table("On their way", HEADS, ROWS, whole=("item", "student"))
    shown = capsys.readouterr().out
    assert f"│ {ITEM} │ {STUDENT} │ conflict" in shown
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize(
    ("sourced_id", "shown"),
    [("u-1", "u-1"), (ITEM, ITEM), ("Zanzibara Quillfeather", "(hidden)"), ("Zoë", "(hidden)")],
)
def test_a_sourced_id_that_may_be_a_name_is_not_shown(sourced_id: str, shown: str) -> None:
    assert output.veiled(sourced_id) == shown


def test_a_fix_names_the_district_in_its_commands() -> None:
    fix = catalogue()["ID26"].fix
    assert output.addressed(fix, "9001") == (
        "See who lacks which number with `sisbridge people worklist 9001`, and mend the export."
    )
    assert output.addressed("Raise SISBRIDGE_DISTRICT_HOURS.", "9001") == "Raise SISBRIDGE_DISTRICT_HOURS."


def test_a_sentence_is_left_as_it_is_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell("word " * 60, indent=4)
    assert capsys.readouterr().out == "    " + "word " * 60 + "\n"
