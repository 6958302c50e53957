"""Private folders for copies of roster files, which lie in them in clear as long as they are read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

_COPIES = "sisbridge-csv-"
"""How the private folders of copies begin; the id of the process that made one follows."""


def private_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder only we can read, to be cleaned up by the caller; those of dead processes go."""
    _sweep()
    return tempfile.TemporaryDirectory(prefix=f"{_COPIES}{os.getpid()}-")


class PrivateLanding:
    """A landing for who only looks at a roster: in clear, in a private folder, and gone with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, data: bytes) -> None:
        """Write one piece down."""
        self._path(name).write_bytes(data)

    def kept(self, prefix: str = "") -> Sequence[str]:
        """Return the names written down so far that begin with a prefix, sorted."""
        names = (unquote(path.name) for path in self._folder.iterdir())
        return sorted(name for name in names if name.startswith(prefix))

    def fetch(self, name: str) -> bytes:
        """Return what was written down under a name."""
        return self._path(name).read_bytes()

    def forget(self, prefix: str = "") -> None:
        """Delete what was written down under names that begin with a prefix."""
        for name in self.kept(prefix):
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / quote(name, safe="")


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
