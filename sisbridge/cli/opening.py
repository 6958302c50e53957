"""Open the house for one command, and turn the four errors into messages and exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from sisbridge.cli.output import fail

if TYPE_CHECKING:
    from sisbridge.house import House


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
