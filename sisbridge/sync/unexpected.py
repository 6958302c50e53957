"""A fault of ours, named by its kind and line only: its text might hold a row."""

from __future__ import annotations

import traceback
from pathlib import Path

from domain.errors import ContractBroken, SisbridgeError


def named(doing: str, error: Exception) -> SisbridgeError:
    """Return one of the four errors for any failure: itself, or CF99 with kind and line of the fault.

    doing: what was going on, as in "The pull stage". Raise what comes back `from None`.
    """
    if isinstance(error, SisbridgeError):
        return error
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ContractBroken(
        "CF99",
        f"{doing} failed unexpectedly ({type(error).__name__}).",
        fix="Send this line to the maintainers; what was in force stays in force.",
        place=f"{Path(frame.filename).name}:{frame.lineno}",
    )
