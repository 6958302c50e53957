"""`sisbridge check`: try a district's connections step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode, JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from connectors.protocol import CheckStep


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
        for purpose, report in reports.items():
            rows = [(step.name, step.outcome, _seen(step)) for step in report.steps]
            print_table(f"District {district}: {purpose}", ("Step", "Outcome", "What was seen"), rows)
        typer.echo(_summary(district, [step for _, step in steps]))
    if not all(report.passed for report in reports.values()):
        raise typer.Exit(ExitCode.STOPPED)


def _seen(step: CheckStep) -> str:
    return f"{step.message}\nFix: {step.fix}" if step.fix else step.message


def _summary(district: str, steps: Sequence[CheckStep]) -> str:
    counts = Counter(step.outcome for step in steps)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))
    return f"District {district}: {said}."
