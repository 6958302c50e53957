"""`sisbridge grades`: collect, release and deliver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode, JsonFlag, fail, print_json, print_table

app = typer.Typer(help="Grades of the shared courses.", no_args_is_help=True)

Codes = Annotated[list[str] | None, typer.Argument(help="District codes; all of them when left out.")]


@app.command("collect")
def collect(
    source: Annotated[Path, typer.Argument(help="A grade CSV, or a folder of them.")],
    as_json: JsonFlag = False,
) -> None:
    """Read grade files, keep what is good, hold the rest. Exit 3 when a row belongs to no known district.

    Example: sisbridge grades collect grades.csv
    """
    from sisbridge.sync.collect_grades import collect_from

    with opened(as_json) as house:
        found = collect_from(house, source)
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
    from sisbridge.sync.night import districts as all_districts
    from sisbridge.sync.release import Released, release_again
    from sisbridge.sync.release import release as open_gate

    failure: SisbridgeError | None = None
    released: dict[str, Released] = {}
    with opened(as_json) as house:
        chosen = [DistrictCode(code) for code in districts or all_districts(house)]
        for code in chosen:
            try:
                if again:
                    released[code] = release_again(house, code, house.settings.actor)
                else:
                    released[code] = open_gate(house, code, house.settings.actor, offering=offering)
            except SisbridgeError as error:
                failure = error
    if as_json:
        print_json({code: {"queued": r.queued, "waiting": r.waiting} for code, r in released.items()})
    else:
        print_table(
            "Grades released",
            ("district", "queued", "waiting"),
            [(c, r.queued, r.waiting) for c, r in released.items()],
        )
    if failure:
        fail(failure, as_json)


@app.command("deliver")
def deliver(districts: Codes = None, as_json: JsonFlag = False) -> None:
    """Deliver released grades and prove each; sending twice changes nothing.

    Exit 3, 4 or 6 when a district could not be served. Example: sisbridge grades deliver
    """
    from sisbridge.sync.night import districts as all_districts
    from sisbridge.sync.writeback import deliver as write_back

    failure: SisbridgeError | None = None
    delivered: dict[str, dict[str, int]] = {}
    with opened(as_json) as house:
        for code in [DistrictCode(code) for code in districts or all_districts(house)]:
            try:
                delivered[code] = write_back(house, code).as_dict()
            except SisbridgeError as error:
                failure = error
    if as_json:
        print_json(delivered)
    elif delivered:
        heads = next(iter(delivered.values()))
        print_table(
            "Grades", ("district", *heads), [(code, *counts.values()) for code, counts in delivered.items()]
        )
    if failure:
        fail(failure, as_json)
