"""`sisbridge drift`: what the SIS has and what is in force, and why they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, tell

if TYPE_CHECKING:
    from sisbridge.sync.roster.drift import Line
    from sisbridge.sync.roster.told import Told

COUNTED = (
    "read",
    "out_of_scope",
    "clean",
    "quarantined",
    "changes",
    "held",
    "refused",
    "waiting",
    "unexplained",
)
"""What is told of the run as a whole."""


def drift(
    district: Annotated[str, typer.Argument(help="A district's code.")], as_json: JsonFlag = False
) -> None:
    """Count the rows on either side of a district's last roster, by table and school.

    Of a night that read changes only, what the SIS has is concluded from what is in force; beside it stands
    what the SIS tells in all.

    Example: sisbridge drift 9001
    """
    from sisbridge.sync.roster.drift import last_drift, run_of
    from sisbridge.sync.roster.told import is_concluded, last_told

    code = DistrictCode(district)
    with opened(as_json) as house:
        run_id, lines = last_drift(house, code)
        run = run_of(house, code, run_id) if run_id is not None else None
        concluded = run is not None and is_concluded(house, run)
        totals = last_told(house, code)
    of_run = {name: int(run.counts.get(name, 0)) if run else 0 for name in COUNTED}
    if as_json:
        night_on = run and str(run.night_on)
        told = {"lines": [asdict(one) for one in lines], "told": [asdict(one) for one in totals]}
        print_json({"run_id": run_id, "night_on": night_on, "counts": of_run, "concluded": concluded, **told})
        return
    if run is None:
        typer.echo("No roster of this district was applied yet.")
        return
    in_the_sis = "in the SIS, by its changes" if concluded else "in the SIS"
    _print_lines(f"Rows of {district} on either side, night of {run.night_on}", in_the_sis, lines)
    _print_totals(district, in_the_sis, totals)
    tell(", ".join(f"{name.replace('_', ' ')} {rows:,}" for name, rows in of_run.items()))


def _print_lines(title: str, in_the_sis: str, lines: Sequence[Line]) -> None:
    open_ends = any(line.unexplained for line in lines)
    heads = ("table", "school", in_the_sis, "difference", "in force", "unexplained")
    shown = len(heads) if open_ends else len(heads) - 1
    print_table(title, heads[:shown], [_row(line)[:shown] for line in lines], whole=("school",))


def _print_totals(district: str, in_the_sis: str, totals: Sequence[Told]) -> None:
    if not totals:
        return
    heads = ("table", "told in all", "of them left out", in_the_sis, "not explained by changes")
    rows = [(one.table, one.told, one.left_out, one.in_the_sis, one.beyond) for one in totals]
    print_table(f"What the SIS of {district} tells in all", heads, rows)


def _row(line: Line) -> tuple[object, ...]:
    """Return a line of the table. What is unexplained comes last: it is left out where there is none."""
    why = ", ".join(f"{rows:+,} {reason}" for reason, rows in line.reasons.items())
    return line.table, line.school, line.in_the_sis, why, line.in_force, line.unexplained
