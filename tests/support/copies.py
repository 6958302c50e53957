"""A copy of a store, so that the same beginning can be gone on from again and again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import copied_database


@contextmanager
def copied_store(template: str) -> Iterator[str]:
    """Yield the address of a copy of a store that nobody has open."""
    if not template.startswith("sqlite"):
        with copied_database(template) as url:
            yield url
        return
    source = Path(template.removeprefix("sqlite:///"))
    target = source.with_name("copy.db")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copy(source, target)
    yield f"sqlite:///{target}"
