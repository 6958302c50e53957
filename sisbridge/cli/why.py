"""`sisbridge why`: one sentence about one student, class or grade."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode, JsonFlag, print_json, tell


def why(
    subject: Annotated[
        str, typer.Argument(help="A sourcedId in the home SIS, or the id of a grade or an outbox item.")
    ] = "",
    district: Annotated[str | None, typer.Option(help="Look in one district only.")] = None,
    number: Annotated[
        bool, typer.Option("--number", help="Ask for a student's number instead; it is shown nowhere.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say why a student is missing, why a class has no seats, or where a grade is.

    With --number the number is asked for without echo, or read from standard input.

    Example: sisbridge why 3bf234604c518c9930d2e56e1671770a
    """
    from sisbridge.sync.answers.why import why as explain
    from sisbridge.sync.answers.why import why_number

    if bool(subject) == number:
        typer.echo("Give a sourcedId, or --number alone.", err=True)
        raise typer.Exit(ExitCode.USAGE)
    asked = _asked() if number else ""
    code = DistrictCode(district) if district else None
    with opened(as_json) as house:
        answers = why_number(house, asked, code) if number else explain(house, subject, code)
    if as_json:
        print_json([{"district": answer.district, "sentence": answer.sentence} for answer in answers])
        return
    for answer in answers:
        tell(answer.sentence)


def _asked() -> str:
    """Return the number, which is neither shown nor part of the command's line in a shell's history."""
    if sys.stdin.isatty():
        return str(typer.prompt("Student number", hide_input=True))
    return sys.stdin.readline().strip()
