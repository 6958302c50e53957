"""Files and folders for this account alone, whatever its umask says."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

_OWN_FILE, _OWN_FOLDER = 0o600, 0o700
"""Sealed or not: the names of what is landed alone tell of districts and nights."""


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and the folders that are missing; one that is there is replaced."""
    partial = path.parent / f"{uuid.uuid4().hex}.part"
    try:
        try:
            _write_new(partial, data)
        except FileNotFoundError:
            _make(path.parent)
            _write_new(partial, data)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write_new(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN_FILE), "wb") as file:
        file.write(data)


def _make(folder: Path) -> None:
    for part in (*reversed(folder.parents), folder):
        # Asked of mkdir itself, those above would be open to all: its mode is the last one's only.
        if not part.exists():
            part.mkdir(_OWN_FOLDER, exist_ok=True)
