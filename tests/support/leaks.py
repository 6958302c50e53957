"""What must not be seen anywhere, put into a SIS, and where to look for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store.tables import METADATA
from tests.conformance.canaries import EMAIL, FAMILY, GIVEN, NUMBER, PHONE
from tests.support.small_region import NOW

COMMENT = "Wept through the yellow recital"
PERCENT, THEIRS = "83.7", "41.3"
STATE_ID = "888777666"
MARRIED = "Thistlewhistle"
BORN = ("2011-03-17", "03/17/2011")
WORDS = (GIVEN, FAMILY, MARRIED, NUMBER, STATE_ID, PHONE, EMAIL, COMMENT, "yellow recital", *BORN, "20110317")

IN_CLEAR = frozenset({"change", *(name for name in METADATA.tables if name.startswith("roster_"))})
"""The roster of record and its history: the only tables that hold a person's data as it is."""


@dataclass
class Watch:
    """Everything a person or a log could have seen of one installation, under the name of where."""

    secrets: tuple[str, ...]
    heard: list[str]
    seen: list[tuple[str, str]] = field(default_factory=list)

    def note(self, where: str, text: str) -> None:
        """Remember what was seen."""
        self.seen.append((where, text))

    def leaks(self) -> list[tuple[str, str, str]]:
        """Return where something was seen that must not be, what it was, and what stood around it."""
        words = "|".join(map(re.escape, (*WORDS, *self.secrets)))
        numbers = "|".join(map(re.escape, (PERCENT, THEIRS)))
        pattern = re.compile(rf"{words}|(?<![\d.:])(?:{numbers})(?!\d)", re.IGNORECASE)
        return [
            (where, found[0], text[max(0, found.start() - 120) : found.end() + 120])
            for where, text in (*self.seen, ("log", "\n".join(self.heard)))
            for found in pattern.finditer(text)
        ]


def disguise(dataset: Dataset, family: str = FAMILY) -> Dataset:
    """Give everybody in a data set a name, numbers and addresses that can be recognised; return it."""
    for place, user in enumerate(dataset.records("users")):
        dataset.change("users", user["sourcedId"], NOW, **_personal(place, family))
        dataset.add("demographics", {"sourcedId": user["sourcedId"], "birthDate": BORN[place % 2]}, NOW)
    return dataset


def _personal(place: int, family: str) -> dict[str, Any]:
    return {
        "givenName": GIVEN, "familyName": family, "identifier": f"{NUMBER}{place:02d}", "phone": PHONE,
        "email": f"{place}{EMAIL}", "username": f"{EMAIL}{place}",
        "userIds": [{"type": "stateId", "identifier": f"{STATE_ID}{place:03d}"}],
    }  # fmt: skip


def stored(house: House) -> Iterator[tuple[str, str]]:
    """Yield each table but the roster itself, with all that lies in it unsealed."""
    with house.store.read() as conn:
        for name, table in sorted(METADATA.tables.items()):
            if name not in IN_CLEAR:
                plain = [column for column in table.columns if not isinstance(column.type, sa.LargeBinary)]
                yield f"table {name}", "\n".join(str(tuple(row)) for row in conn.execute(sa.select(*plain)))


def births_in_clear(house: House) -> list[str]:
    """Return the tables of the roster and its history in which a birth date stands."""
    found = []
    with house.store.read() as conn:
        for name in sorted(IN_CLEAR):
            rows = "\n".join(map(str, conn.execute(sa.select(METADATA.tables[name]))))
            found += [name for born in (*BORN, "20110317", "date(2011, 3, 17)") if born in rows]
    return found


def landed(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every file below a folder that is no database, as text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".db" not in path.name:
            yield f"file {path.relative_to(folder)}", path.read_bytes().decode("latin-1")
