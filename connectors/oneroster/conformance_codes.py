"""Every deviation an inspection can report: its stable code, severity, and what the standard says.

The codes stand in conformance_codes.csv. Families: OR-E envelope and errors, OR-H headers and paging,
OR-F files and manifest, OR-V values, OR-R references. A code keeps its meaning for good; a new check
takes a new number.
Sources: OneRoster 1.1 and 1.2 (information model, REST and CSV bindings), by document and section title.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from domain.oneroster import Version


class Level(StrEnum):
    """How severe a deviation is.

    error: the standard forbids it, and consumers fail or lose records. warning: consumers differ in
    what they make of it. note: allowed or common, and worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Code:
    """One deviation: its severity in 1.2 and in 1.1, what is wrong, what the standard says and where."""

    new: Level
    old: Level
    message: str
    rule: str
    section: str

    def level(self, version: Version) -> Level:
        """Return the severity in a version."""
        return self.new if version is Version.V1P2 else self.old


def _read() -> dict[str, Code]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {code: Code(Level(new), Level(old), *words) for code, new, old, *words in rows}


CODES = _read()
"""Code → what it means."""
