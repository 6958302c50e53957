"""Open the house for one command, and turn the four errors into messages and exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import SisbridgeError
from sisbridge.cli.output import fail
from sisbridge.house import House


@contextmanager
def opened(as_json: bool = False) -> Iterator[House]:
    """Yield the open house; a failure is printed with its fix and ends the command with its code."""
    try:
        house = House.open()
        try:
            yield house
        finally:
            house.close()
    except SisbridgeError as error:
        fail(error, as_json)
