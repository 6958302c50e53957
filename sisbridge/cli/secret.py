"""`sisbridge secret`: keep a district's secret, sealed, without it ever standing in a file or a history."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json

app = typer.Typer(help="Secrets of districts, sealed in the store.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Keep `secret` a group although it has one command so far."""


@app.command("set")
def set_secret(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    name: Annotated[str, typer.Argument(help="The secret's name, as the region file gives it.")],
    as_json: JsonFlag = False,
) -> None:
    """Keep a secret; it is asked for at the terminal, or read from standard input in a pipe.

    Example: sisbridge secret set 9001 sis_client_secret
    """
    from sisbridge.sync.asked_secrets import asked_for
    from sisbridge.sync.region import keep_secret

    value = typer.prompt("Value", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    with opened(as_json) as house:
        keep_secret(house, DistrictCode(district), name, value, house.settings.actor)
        asked = asked_for(house, DistrictCode(district))
    if as_json:
        print_json({"district": district, "kept": name, "asked_for": asked})
        return
    typer.echo(f"Kept {name} of district {district}.")
    if name not in asked:
        wanted = ", ".join(asked) or "none"
        typer.echo(f"But no route of district {district} asks for it; asked for: {wanted}.", err=True)
