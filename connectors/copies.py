"""Private folders for copies of roster files, which lie in them in clear as long as they are read."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_COPIES = "sisbridge-csv-"
"""How the private folders of copies begin; the id of the process that made one follows."""


def private_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder only we can read, to be cleaned up by the caller; those of dead processes go."""
    _sweep()
    return tempfile.TemporaryDirectory(prefix=f"{_COPIES}{os.getpid()}-")


def _sweep() -> None:
    """Remove the copies of processes that were killed: a roster lies in them in clear."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_COPIES}*"):
        owner = folder.name.removeprefix(_COPIES).partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
