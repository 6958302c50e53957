"""Tell an export that was read before from a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path


def fingerprint(files: Iterable[Path]) -> str:
    """Return what only the very same files have: SHA-256 over each one's name and content, in hex."""
    digests = {}
    for file in set(files):
        with file.open("rb") as stream:
            digests[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return together(digests)


def together(digests: Mapping[str, str]) -> str:
    """Return the fingerprint of files whose names and SHA-256 digests, in hex, are known already."""
    whole = hashlib.sha256()
    for name, digest in sorted(digests.items()):
        whole.update(f"{name}\0{digest}\0".encode())
    return whole.hexdigest()
