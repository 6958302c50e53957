"""`sisbridge demo`: three nights of four districts on simulated SISs, told as they happen."""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sisbridge.cli.output import JsonFlag, print_json

if TYPE_CHECKING:
    from sisbridge.cli.demo.region import DemoRegion
    from sisbridge.cli.demo.summary import NightSummary
    from sisbridge.house import House

NIGHTS = {
    1: "Night one: first load of all four districts",
    2: "Night two: everything again, nothing new",
    3: "Night three: churn, two corrections, and a users.csv without rows",
}


def demo(
    folder: Annotated[Path | None, typer.Option(help="Keep the demo's store and files here.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run three whole nights on real third-party rosters; nothing leaves this machine.

    Example: sisbridge demo
    """
    started = time.perf_counter()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        summaries = run_demo(folder, as_json)
    else:
        with tempfile.TemporaryDirectory(prefix="sisbridge-demo-") as scratch:
            summaries = run_demo(Path(scratch), as_json)
    if as_json:
        print_json([summary.as_dict() for summary in summaries])
    else:
        typer.echo(f"Three nights took {time.perf_counter() - started:.0f} seconds.")
        typer.echo(_how_to_look(folder))


def _how_to_look(folder: Path | None) -> str:
    """Return how a person asks the demo's store what the other commands show."""
    if folder is None:
        return "Nothing of it is kept: with --folder DIR it is, and every command can be tried on it."
    home = shlex.quote(str(folder.absolute() / "home"))
    return (
        f"Ask it: SISBRIDGE_DEMO=true SISBRIDGE_HOME={home} sisbridge cases (or holds, why, history, drift)"
    )


def run_demo(folder: Path, quiet: bool = False) -> list[NightSummary]:
    """Run the three nights in one store below a folder and return their summaries."""
    from sisbridge.cli.demo.region import DemoRegion

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    summaries = []
    with DemoRegion(folder / "sis") as region:
        house = _house(folder)
        try:
            for night in NIGHTS:
                if not quiet:
                    typer.echo(f"\n{NIGHTS[night]}", err=False)
                summaries.append(_night(house, region, night, quiet))
        finally:
            house.close()
    return summaries


def _house(folder: Path) -> House:
    from sisbridge.house import House
    from sisbridge.settings import Settings

    (folder / "home").mkdir(mode=0o700, parents=True, exist_ok=True)
    return House.open(
        Settings(home=folder / "home", demo=True, actor="demo registrar", _env_prefix="SISBRIDGE_DEMO_")
    )


def _night(house: House, region: DemoRegion, night: int, quiet: bool) -> NightSummary:
    """Bring the SISs to their state of the night, run everything once, and show what came of it."""
    from sisbridge.cli.demo.summary import show, summarize
    from sisbridge.cli.sync import progress_bar
    from sisbridge.sync import night as nights
    from sisbridge.sync.context import STAGES
    from sisbridge.sync.grades.collect_grades import collect_from
    from sisbridge.sync.grades.release import release
    from sisbridge.sync.grades.writeback import deliver

    grades = region.prepare(house, night)
    codes = house.districts()
    with progress_bar(len(codes) * len(STAGES), quiet) as progress:
        outcomes = nights.sync_region(house, codes, progress=progress)
    collected = collect_from(house, grades)
    released = {code: release(house, code, house.settings.actor) for code in codes}
    delivered = {code: deliver(house, code) for code in codes}
    summary = summarize(house, NIGHTS[night], outcomes, collected, released, delivered)
    if not quiet:
        show(summary)
    return summary
