"""`sisbridge grades file`: what a registrar says became of a grade file."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.clock import utc_text
from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table
from sisbridge.house import House
from sisbridge.store.files import FileBatchRecord


def grade_file(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    file: Annotated[str | None, typer.Argument(help="The file's name; all that wait when left out.")] = None,
    loaded: Annotated[bool, typer.Option("--loaded", help="It was loaded, or keyed by hand.")] = False,
    not_loaded: Annotated[
        bool, typer.Option("--not-loaded", help="Nobody loaded it: take it back and send its grades anew.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the grade files that wait for the registrar, or say what became of one; recorded with your name.

    Exit 3 when the file does not wait. Example: sisbridge grades file 9102 grades_9102_0a1b.csv --loaded
    """
    if (loaded and not_loaded) or (file is None) == (loaded or not_loaded):
        raise typer.BadParameter("give a file with exactly one of --loaded and --not-loaded, or neither")
    from sisbridge.sync.grades.grade_files import waiting

    with opened(as_json) as house:
        if file is None:
            _list(waiting(house, DistrictCode(district)), as_json)
        else:
            _say(house, DistrictCode(district), file, loaded, as_json)


def _list(found: list[FileBatchRecord], as_json: bool) -> None:
    heads = ("file", "state", "route", "rows", "created")
    rows = [(one.name, one.state, one.route, one.rows, utc_text(one.created_at)) for one in found]
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    elif rows:
        print_table("Grade files that wait", heads, rows, whole=("file",))
    else:
        typer.echo("No grade file waits.")


def _say(house: House, district: DistrictCode, file: str, is_loaded: bool, as_json: bool) -> None:
    from sisbridge.sync.grades import grade_files

    say = grade_files.loaded if is_loaded else grade_files.not_loaded
    grades = say(house, district, file, house.settings.actor)
    became = "confirmed" if is_loaded else "queued"
    if as_json:
        print_json({"district": district, "file": file, became: grades})
    else:
        typer.echo(f"Grades of {file} {became}: {grades:,}.")
