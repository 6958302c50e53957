"""`sisbridge runs`: how each district's last night ended and what it cost, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, tell_reason

if TYPE_CHECKING:
    from sisbridge.store.timeline import LastRun, StageCost


def runs(
    district: Annotated[
        str | None, typer.Argument(help="A district's code; all districts when left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the last run of each district: how it ended, why it stopped, rows and seconds of its stages.

    Example: sisbridge runs
    """
    from sisbridge.sync.answers.costs import last_runs

    with opened(as_json) as house:
        found = last_runs(house, DistrictCode(district) if district else None)
    if as_json:
        print_json([_entry(run, cost) for run in found for cost in run.stages or (None,)])
        return
    if not found:
        typer.echo("No district has run yet: sisbridge sync")
        return
    heads = ("district", "night", "kind", "state", "stage", "rows", "seconds")
    print_table("Last runs", heads, [row for run in found for row in _rows(run)])
    for run in found:
        tell_reason(run.district, run.code, run.message, run.fix)
    typer.echo("What the SIS has and what is in force: sisbridge drift DISTRICT")


def _entry(run: LastRun, cost: StageCost | None) -> dict[str, object]:
    """Return one stage of a run; a run that ended before its first stage did is an entry without one."""
    names = ("district", "night_on", "mode", "state", "code", "message", "fix")
    told = {name: getattr(run, name) for name in names}
    if cost is None:
        return {**told, "stage": "", "rows": 0, "seconds": 0.0}
    return {**told, "stage": cost.stage, "rows": cost.rows, "seconds": cost.seconds}


def _rows(run: LastRun) -> Sequence[tuple[object, ...]]:
    told = (run.district, run.night_on, run.mode, run.state)
    return [(*told, one.stage, one.rows, f"{one.seconds:.2f}") for one in run.stages] or [
        (*told, "-", 0, "-")
    ]
