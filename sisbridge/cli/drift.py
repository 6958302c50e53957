"""`sisbridge drift`: what the SIS has and what is in force, and why they differ."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, tell

if TYPE_CHECKING:
    from sisbridge.sync.roster.drift import Line

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
    """Count the rows on either side of a district's last whole roster, by table and school.

    Example: sisbridge drift 9001
    """
    from sisbridge.sync.roster.drift import last_drift, run_of

    code = DistrictCode(district)
    with opened(as_json) as house:
        run_id, lines = last_drift(house, code)
        run = run_of(house, code, run_id) if run_id is not None else None
    of_run = {name: int(run.counts.get(name, 0)) if run else 0 for name in COUNTED}
    if as_json:
        night_on = run and str(run.night_on)
        told = [asdict(line) for line in lines]
        print_json({"run_id": run_id, "night_on": night_on, "counts": of_run, "lines": told})
        return
    if run is None:
        typer.echo("No whole roster of this district was applied yet.")
        return
    open_ends = any(line.unexplained for line in lines)
    heads = ("table", "school", "in the SIS", "difference", "in force", "unexplained")
    rows = [_row(line) for line in lines]
    shown = len(heads) if open_ends else len(heads) - 1
    title = f"Rows of {district} on either side, night of {run.night_on}"
    print_table(title, heads[:shown], [row[:shown] for row in rows], whole=("school",))
    tell(", ".join(f"{name.replace('_', ' ')} {rows:,}" for name, rows in of_run.items()))


def _row(line: Line) -> tuple[object, ...]:
    """Return a line of the table. What is unexplained comes last: it is left out where there is none."""
    why = ", ".join(f"{rows:+,} {reason}" for reason, rows in line.reasons.items())
    return line.table, line.school, line.in_the_sis, why, line.in_force, line.unexplained
