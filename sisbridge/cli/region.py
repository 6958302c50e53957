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
    from sisbridge.sync.asked_secrets import not_kept
    from sisbridge.sync.region import load_region

    with opened(as_json) as house:
        codes = load_region(house, file, house.settings.actor)
        lacking = {code: not_kept(house, code) for code in codes}
    if as_json:
        print_json(
            {
                "districts": codes,
                "secrets_not_kept": {code: names for code, names in lacking.items() if names},
            }
        )
        return
    typer.echo(f"Loaded {len(codes)} district{'' if len(codes) == 1 else 's'}: {', '.join(codes)}.")
    for code, names in lacking.items():
        for name in names:
            typer.echo(f"Not kept yet: sisbridge secret set {code} {name}")
