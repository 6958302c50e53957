"""`sisbridge sync`: a night now."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sisbridge.cli.opening import chosen, opened
from sisbridge.cli.outlook import outlook_entry, show_tables
from sisbridge.cli.output import (
    ExitCode,
    JsonFlag,
    case_entry,
    print_json,
    print_table,
    tell_case,
    tell_reason,
)
from sisbridge.sync import processes

if TYPE_CHECKING:
    from sisbridge.house import House
    from sisbridge.sync.night import NightOutcome, Progress
    from sisbridge.sync.roster.rehearsed import Rehearsed

READ = ("read", "out_of_scope", "clean", "quarantined")
CHANGED = ("add", "update", "remove", "missing", "return", "held", "seats")


def sync(
    districts: Annotated[
        list[str] | None, typer.Argument(help="District codes; all of them when left out.")
    ] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Stop at the change list: nothing is applied.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Districts at a time, each in a process of its own.")
    ] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Pull, judge and apply rosters now. Exit 3 when a district was stopped, 4 when all such may be retried.

    Example: sisbridge sync 9001 9002 --rehearse
    """
    if workers > 1:
        processes.begin_importing()
    from sisbridge.sync import night
    from sisbridge.sync.context import STAGES
    from sisbridge.sync.workers import sync_side_by_side

    with opened(as_json) as house:
        codes = chosen(house, districts)
        for code in codes:
            house.district(code)
        alone = workers == 1 or len(codes) == 1
        with progress_bar(len(codes) * (len(STAGES) if alone else 1), as_json) as progress:
            if alone:
                outcomes = night.sync_region(house, codes, rehearse=rehearse, progress=progress)
            else:
                outcomes = sync_side_by_side(house, codes, workers, rehearse=rehearse, progress=progress)
        told = _rehearsed(house, outcomes) if rehearse else {}
    show(outcomes, told, as_json)
    stopped = [outcome for outcome in outcomes if outcome.state == "stopped"]
    if stopped:
        raise typer.Exit(ExitCode.RETRY if all(outcome.retry for outcome in stopped) else ExitCode.STOPPED)


@contextmanager
def progress_bar(steps: int, quiet: bool) -> Iterator[Progress | None]:
    """Show which district is at which stage, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=steps)
        yield lambda district, stage: bar.update(task, advance=1, description=f"{district} {stage}")


def show(outcomes: list[NightOutcome], told: Mapping[str, Rehearsed], as_json: bool) -> None:
    """Print how each district's night ended. told: what the finished rehearsals came to, by district."""
    if as_json:
        names = ("district", "run_id", "state", "code", "message", "fix", "counts")
        print_json(
            [
                {**{name: getattr(one, name) for name in names}, **_entry(told.get(one.district))}
                for one in outcomes
            ]
        )
        return
    rows = [(o.district, o.state, *_counts(o, READ)) for o in outcomes]
    print_table("Rosters", ("district", "state", *_heads(READ)), rows)
    if any(one.state == "finished" for one in outcomes) and not told:
        changed = [(o.district, *_counts(o, CHANGED)) for o in outcomes]
        print_table("Changes", ("district", *_heads(CHANGED)), changed)
    for code, found in told.items():
        _show_rehearsed(code, found)
    for one in outcomes:
        tell_reason(one.district, one.code, one.message, one.fix)
    if not told and any(one.counts.get("quarantined") or one.counts.get("held") for one in outcomes):
        typer.echo("What is held back and why: sisbridge cases, sisbridge holds list")
    if told:
        typer.echo("Nothing was applied, and no case was opened. The same without --rehearse applies it.")


def _rehearsed(house: House, outcomes: list[NightOutcome]) -> dict[str, Rehearsed]:
    from sisbridge.sync.roster.rehearsed import rehearsed

    finished = [one for one in outcomes if one.state == "finished"]
    return {one.district: rehearsed(house, one.district, one.run_id) for one in finished}


def _entry(found: Rehearsed | None) -> Mapping[str, object]:
    if found is None:
        return {}
    return {**outlook_entry(found.outlook), "cases": [case_entry(case) for case in found.cases]}


def _show_rehearsed(district: str, found: Rehearsed) -> None:
    show_tables(found.outlook, f"What would become of the roster of {district}")
    if not any(any(one.flowing.values()) or one.held for one in found.outlook.tables):
        typer.echo(f"Nothing would change in district {district}.")
    for case in found.cases:
        tell_case(case)


def _heads(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in names)


def _counts(outcome: NightOutcome, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(int(outcome.counts.get(name, 0)) for name in names)
