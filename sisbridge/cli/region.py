"""`sisbridge region`: load districts, master schedule and crosswalks from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json

app = typer.Typer(help="Districts, master schedule and crosswalks.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Keep `region` a group although it has one command so far."""


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A TOML region file.")], as_json: JsonFlag = False
) -> None:
    """Load a region file; loading it again changes only what differs.

    Example: sisbridge region load region.toml
    """
    from sisbridge.sync.region import load_region

    with opened(as_json) as house:
        codes = load_region(house, file, house.settings.actor)
    if as_json:
        print_json({"districts": codes})
    else:
        typer.echo(f"Loaded {len(codes)} districts: {', '.join(codes)}.")
