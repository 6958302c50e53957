"""`sisbridge grades`: collect, release, deliver, and choose where a SIS holds another value."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SisbridgeError
from domain.ids import DistrictCode, ItemId
from sisbridge.cli.grade_file import grade_file
from sisbridge.cli.grade_receipt import grade_receipt
from sisbridge.cli.opening import chosen, opened
from sisbridge.cli.output import (
    ExitCode,
    JsonFlag,
    fail_of_some,
    failure_entry,
    print_json,
    print_table,
    veiled,
)

app = typer.Typer(help="Grades of the shared courses.", no_args_is_help=True)

_AGAIN = "mend the cause, then sisbridge grades release {0} --again"
_NEXT = {
    "conflict": "ask the registrar, then sisbridge grades choose {0} ITEM --keep-theirs (or --send-ours)",
    "by_hand": "have it entered in the SIS, then sisbridge grades choose {0} ITEM --keep-theirs",
    "rejected": _AGAIN,
    "not_taken": _AGAIN,
}
"""What a person does about a grade in a state that waits for one; docs/write-back.md says more."""

Codes = Annotated[list[str] | None, typer.Argument(help="District codes; all of them when left out.")]


@app.command("collect")
def collect(
    source: Annotated[Path, typer.Argument(help="A grade CSV, or a folder of them.")],
    as_json: JsonFlag = False,
) -> None:
    """Read grade files, keep what is good, hold the rest. Exit 3 when a row belongs to no known district.

    Example: sisbridge grades collect grades.csv
    """
    from sisbridge.sync.grades.collect_grades import collect_from

    with opened(as_json) as house, counting(as_json) as counted:
        found = collect_from(house, source, progress=counted and counted("collecting"))
    if as_json:
        print_json({"read": found.read, "by_district": found.by_district, "unplaced": found.unplaced})
    else:
        rows = [(code, *counts.values()) for code, counts in found.by_district.items()]
        print_table("Grades collected", ("district", "kept", "unchanged", "held"), rows)
        for place in found.unplaced:
            typer.echo(
                f"{place}: the district of this row is not known; correct the code and collect again.",
                err=True,
            )
    if found.unplaced:
        raise typer.Exit(ExitCode.STOPPED)


@app.command("release")
def release(
    districts: Codes = None,
    offering: Annotated[str | None, typer.Option(help="Release grades of one offering only.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Instead, queue once more what the SIS refused or did not keep.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Release collected grades for delivery; the release is recorded with your name.

    Example: sisbridge grades release 9001 --offering SPAN-3
    """
    from sisbridge.sync.grades.release import Released, release_again
    from sisbridge.sync.grades.release import release as open_gate

    failed: dict[str, SisbridgeError] = {}
    released: dict[str, Released] = {}
    with opened(as_json) as house, counting(as_json) as counted:
        actor = house.settings.actor
        for code in chosen(house, districts):
            told = counted and counted(f"{code} releasing")
            try:
                if again:
                    released[code] = release_again(house, code, actor)
                else:
                    released[code] = open_gate(house, code, actor, offering=offering, progress=told)
            except SisbridgeError as error:
                failed[code] = error
    _show("Grades released", {code: came.as_dict() for code, came in released.items()}, failed, as_json)


@app.command("deliver")
def deliver(districts: Codes = None, as_json: JsonFlag = False) -> None:
    """Deliver released grades and prove each; sending twice changes nothing.

    Exit 3, 4 or 6 when a district could not be served. Example: sisbridge grades deliver
    """
    from sisbridge.sync.grades.writeback import deliver as write_back

    failed: dict[str, SisbridgeError] = {}
    delivered: dict[str, dict[str, int]] = {}
    with opened(as_json) as house, counting(as_json) as counted:
        for code in chosen(house, districts):
            told = counted and counted(f"{code} sending")
            try:
                delivered[code] = write_back(house, code, progress=told).as_dict()
            except SisbridgeError as error:
                failed[code] = error
    _show("Grades", delivered, failed, as_json)


@app.command("list")
def list_grades(
    district: Annotated[str, typer.Argument(help="A district's code.")],
    everything: Annotated[bool, typer.Option("--all", help="Also what is confirmed or withdrawn.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List a district's released grades that are not settled, by id; no value is shown.

    Example: sisbridge grades list 9001
    """
    from sisbridge.sync.answers.waiting import grades_on_their_way

    with opened(as_json) as house:
        found = grades_on_their_way(house, DistrictCode(district), settled=everything)
    heads = ("item", "state", "student", "offering", "period", "route", "revision")
    rows = [
        (i.item.item_id, i.item.state.value, i.student, i.offering, i.reporting_period, i.item.route,
         i.item.revision)
        for i in found
    ]  # fmt: skip
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    elif rows:
        shown = [(item, state, veiled(student), *rest) for item, state, student, *rest in rows]
        print_table("Grades on their way", heads, shown, whole=("item", "student"))
        for state in dict.fromkeys(one.item.state.value for one in found):
            if state in _NEXT:
                typer.echo(f"{state.replace('_', ' ')}: {_NEXT[state].format(district)}")
    else:
        typer.echo("No grade is on its way.")


@app.command("choose")
def choose(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    item: Annotated[str, typer.Argument(help="The grade's id on its way, as `grades list` shows it.")],
    keep_theirs: Annotated[
        bool, typer.Option("--keep-theirs", help="What the SIS holds stands; ours is withdrawn.")
    ] = False,
    send_ours: Annotated[
        bool, typer.Option("--send-ours", help="Ours is sent over the value that the case told of.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Choose which value stands where a SIS holds another than ours; recorded with your name.

    Exit 3 when there is nothing to choose. Example: sisbridge grades choose 9001 ITEM --keep-theirs
    """
    from sisbridge.sync.grades import choose as choices

    if keep_theirs == send_ours:
        raise typer.BadParameter("give exactly one of --keep-theirs and --send-ours")
    code, number = DistrictCode(district), ItemId(item)
    with opened(as_json) as house:
        if keep_theirs:
            choices.keep_theirs(house, code, number, house.settings.actor)
            state = "withdrawn"
        else:
            state = choices.send_ours(house, code, number, house.settings.actor).value
    if as_json:
        print_json({"district": district, "item": item, "state": state})
    else:
        typer.echo(f"Item {item} of district {district} is now {state.replace('_', ' ')}.")


app.command("file")(grade_file)
app.command("receipt")(grade_receipt)


def _show(
    title: str,
    counts: Mapping[str, Mapping[str, int]],
    failed: Mapping[str, SisbridgeError],
    as_json: bool,
) -> None:
    """Print what came of each district, and end the command when some could not be served."""
    if as_json:
        print_json({**counts, **{code: failure_entry(error) for code, error in failed.items()}})
    elif counts:
        heads = next(iter(counts.values()))
        rows = [(code, *many.values()) for code, many in counts.items()]
        print_table(title, ("district", *(head.replace("_", " ") for head in heads)), rows)
    fail_of_some(failed, as_json)


@contextmanager
def counting(quiet: bool) -> Iterator[Callable[[str], Callable[[int, int], None]] | None]:
    """Yield how to show a count that grows, on a terminal only: name it, then tell done and total."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def named(description: str) -> Callable[[int, int], None]:
            task = bar.add_task(description, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield named
