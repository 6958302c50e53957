"""`sisbridge why`: one sentence about one student."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json


def why(
    student: Annotated[str, typer.Argument(help="The student's sourcedId in the home SIS.")],
    district: Annotated[str | None, typer.Option(help="Look in one district only.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say why a student is missing, or where the student's grades are.

    Example: sisbridge why 3bf234604c518c9930d2e56e1671770a
    """
    from sisbridge.sync.why import why as explain

    with opened(as_json) as house:
        answers = explain(house, student, DistrictCode(district) if district else None)
    if as_json:
        print_json([{"district": answer.district, "sentence": answer.sentence} for answer in answers])
        return
    for answer in answers:
        typer.echo(answer.sentence)
