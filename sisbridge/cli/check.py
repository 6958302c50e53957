"""`sisbridge check`: try a district's connections step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode, JsonFlag, print_json, print_table


def check(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    write_test: Annotated[
        str, typer.Option(help="Write a grade for this marked test student and take it back.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Try a district's connections step by step; nothing is changed. Exit 3 when a step failed.

    With --write-test one grade is written for a test student, read back and taken away again.

    Example: sisbridge check 9001
    """
    from sisbridge.sync.check import check as try_connections

    with opened(as_json) as house:
        reports = try_connections(house, DistrictCode(district), write_test)
    steps = [(purpose, step) for purpose, report in reports.items() for step in report.steps]
    if as_json:
        print_json(
            [
                {"purpose": p, "step": s.name, "outcome": s.outcome, "message": s.message, "fix": s.fix}
                for p, s in steps
            ]
        )
    else:
        rows = [(p, s.name, s.outcome, s.message, s.fix) for p, s in steps]
        print_table(f"District {district}", ("For", "Step", "Outcome", "What was seen", "Fix"), rows)
    if not all(report.passed for report in reports.values()):
        raise typer.Exit(ExitCode.STOPPED)
