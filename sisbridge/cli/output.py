"""What commands print: tables for people, JSON for programs, and the exit codes."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from domain.errors import ContractBroken, RetryLater, RowRejected, SisbridgeError
from domain.masking import HIDDEN, shown_id
from domain.model import Case


class ExitCode(IntEnum):
    """What a command's exit code means; docs/cli.md lists them."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    STOPPED = 3
    RETRY = 4
    ROW_REJECTED = 5
    BROKEN = 6


_WORD = 11
"""The least width of a column of words."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]


def writable(file: Path | None) -> Path | None:
    """Return the file that a command is asked to write; BadParameter, before any work, without its folder."""
    if file is not None and not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.parent}")
    return file


def console() -> Console:
    """Return a console on standard output that is as wide as the terminal, or 140 columns in a pipe."""
    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def print_json(content: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(content, indent=2, default=str, sort_keys=True))


def tell(sentence: str, indent: int = 0) -> None:
    """Print a sentence; on a terminal it is broken between words, and further lines stand four blanks in."""
    margin = " " * indent
    if not sys.stdout.isatty():
        typer.echo(margin + sentence)
        return
    lines = textwrap.wrap(
        sentence,
        console().width,
        initial_indent=margin,
        subsequent_indent=margin + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    typer.echo("\n".join(lines))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Collection[str] = ()
) -> None:
    """Print a table; numbers stand right, text stands left.

    whole: columns of ids that people copy. Where the screen is too narrow to leave them in one piece, each
    row is told in a sentence instead.
    """
    kept = [list(row) for row in rows]
    tell(title)
    if _too_wide(columns, kept, whole):
        for row in kept:
            told = (f"{name} {_text(cell)}" for name, cell in zip(columns, row, strict=True) if cell != "")
            tell("; ".join(told), indent=2)
        return
    table = Table(header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(kept) and all(isinstance(row[index], int) for row in kept)
        # A number cut short would be another number: it keeps its width, and words wrap.
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(column, justify=justify, no_wrap=numeric or column in whole, overflow="fold")
    for row in kept:
        table.add_row(*map(_text, row))
    console().print(table)


def _text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _too_wide(columns: Sequence[str], rows: Sequence[Sequence[object]], whole: Collection[str]) -> bool:
    """Return whether a table with ids in one piece leaves its other columns less than a word's width."""
    if not whole:
        return False
    needed = 1
    for index, column in enumerate(columns):
        widest = max((len(_text(row[index])) for row in rows), default=0)
        needed += 3 + (widest if column in whole else min(max(widest, len(column)), _WORD))
    return needed > console().width


def veiled(sourced_id: str) -> str:
    """Return a sourcedId as tables show it: with a blank, or not in ASCII, it may be a name and is hidden."""
    return shown_id(sourced_id) or HIDDEN


def case_sentence(case: Case) -> str:
    """Return a case in one plain sentence: what, where first, and how many rows, students and nights."""
    told = not case.first_place or case.first_place in case.message
    where = "" if told else f" (first: {case.first_place})"
    counted = [
        f"{many} {name}"
        for many, name in (
            (case.rows if case.rows > 1 else 0, "rows"),
            (case.students, "student" if case.students == 1 else "students"),
            (case.nights if case.nights > 1 else 0, "nights"),
        )
        if many
    ]
    first = [f"first {case.first_key}"] if case.first_key and case.first_key not in case.message else []
    return f"{case.district}: {case.message}{where} [{', '.join([case.rule, *counted, *first])}]"


def tell_case(case: Case) -> None:
    """Print a case with its fix."""
    tell(case_sentence(case))
    tell(f"Fix: {addressed(case.fix, case.district)}", indent=4)


def addressed(fix: str, district: str) -> str:
    """Return a fix whose commands name the district: a rule can only say DISTRICT."""
    # A word by itself: a setting is called SISBRIDGE_DISTRICT_HOURS.
    return re.sub(r"\bDISTRICT\b", lambda _: district, fix)


def tell_reason(district: str, code: str, message: str, fix: str) -> None:
    """Print why a district's night did not finish and what to do; nothing when it did."""
    if code:
        tell(f"District {district}: {code}: {message}")
        tell(f"Fix: {addressed(fix, district)}", indent=2)


def case_entry(case: Case) -> Mapping[str, object]:
    """Return a case as a JSON object."""
    names = (
        "case_id",
        "district",
        "rule",
        "table",
        "field",
        "group",
        "state",
        "message",
        "fix",
        "first_place",
        "first_key",
        "rows",
        "students",
        "nights",
        "opened_on",
        "last_seen_on",
    )
    entry = {name: getattr(case, name) for name in names}
    days = {name: str(entry[name]) for name in names if name.endswith("_on")}
    return {**entry, **days, "fix": addressed(case.fix, case.district)}


def code_of(error: SisbridgeError) -> ExitCode:
    """Return the exit code of a failure."""
    if isinstance(error, RetryLater):
        return ExitCode.RETRY
    if isinstance(error, RowRejected):
        return ExitCode.ROW_REJECTED
    return ExitCode.BROKEN if isinstance(error, ContractBroken) else ExitCode.STOPPED


def fail(error: SisbridgeError, as_json: bool) -> NoReturn:
    """Print a failure with its fix and end the command with its exit code."""
    if as_json:
        print_json(failure_entry(error))
    else:
        _tell(error)
    raise typer.Exit(code_of(error))


def fail_of_some(failures: Mapping[str, SisbridgeError], as_json: bool) -> None:
    """End a command that went on past failures of some districts; none of them ends nothing.

    Every failure is told with its district, as JSON elsewhere (`failure_entry`). The exit code is BROKEN
    or STOPPED when one of them needs somebody, RETRY when all of them may pass.
    """
    if not failures:
        return
    for district, error in failures.items():
        if not as_json:
            _tell(error, f"District {district}: ")
    codes = {code_of(error) for error in failures.values()}
    raise typer.Exit(max(codes - {ExitCode.RETRY}, default=ExitCode.RETRY))


def failure_entry(error: SisbridgeError) -> Mapping[str, object]:
    """Return a failure as a JSON object."""
    return {"code": error.code, "message": error.message, "fix": error.fix, "place": error.place}


def _tell(error: SisbridgeError, whose: str = "") -> None:
    where = f" ({error.place})" if error.place else ""
    typer.echo(f"{whose}{error.code}: {error.message}{where}", err=True)
    typer.echo(f"  Fix: {error.fix}", err=True)
