"""Open the house for one command, and turn the four errors into messages and exit codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from sisbridge.cli.output import fail

if TYPE_CHECKING:
    from sisbridge.house import House


def chosen(house: House, codes: Sequence[str] | None) -> list[DistrictCode]:
    """Return the districts a command is for: those that are named, else all; StopDistrict CF02 for none."""
    if codes:
        return [DistrictCode(code) for code in codes]
    if everyone := house.districts():
        return everyone
    raise StopDistrict("CF02", "No district is loaded yet.", fix="Load one: sisbridge region load FILE.")


@contextmanager
def opened(as_json: bool = False) -> Iterator[House]:
    """Yield the open house; a failure is printed with its fix and ends the command with its code."""
    # A command that only explains itself (--help) needs neither a database nor Arrow.
    from sisbridge.house import House
    from sisbridge.sync.unexpected import named

    try:
        house = House.open()
        try:
            yield house
        finally:
            house.close()
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - an error's own text might hold a row
        fail(named("The command", error), as_json)
