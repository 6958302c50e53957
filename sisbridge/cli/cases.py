"""`sisbridge cases`: what is open, why, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, case_entry, case_sentence, print_json


def cases(
    district: Annotated[
        str | None, typer.Argument(help="A district's code; all districts when left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the open cases, each in a sentence with its fix.

    Example: sisbridge cases 9001
    """
    from sisbridge.sync.answers.cases import open_cases

    with opened(as_json) as house:
        found = open_cases(house, DistrictCode(district) if district else None)
    if as_json:
        print_json([case_entry(case) for case in found])
        return
    for case in found:
        typer.echo(case_sentence(case))
        typer.echo(f"    Fix: {case.fix}")
    if not found:
        typer.echo("No case is open.")
