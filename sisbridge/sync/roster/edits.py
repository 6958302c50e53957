"""The last edit of a district's mapping, named where rows go, change or wait because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.ids import DistrictCode, SnapshotId
from domain.model import Finding
from sisbridge.store import snapshots
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage
from validation.guards import left_out

DAYS = 14
"""How long an edit is named: what it takes away goes after two nights, or waits for a person meanwhile."""

_OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of the settings `mapping`: which of them, in which night first used, and what it leaves out.

    left_out: how many rows more than the whole roster before were out of scope in that night.
    """

    first_on: date
    names: tuple[str, ...]
    left_out: int

    def __str__(self) -> str:
        """Return the edit as it is named in a sentence."""
        return f"{', '.join(self.names)}; first used in the night of {self.first_on}"


def last_edit(
    conn: Connection, district: DistrictCode, night_on: date, tonight: SnapshotId | None = None
) -> Edit | None:
    """Return the newest edit of a district's mapping that a night of the last two weeks was the first to use.

    tonight: a snapshot that counts though it is not applied yet.
    """
    # What a person released was not mapped anew, and counted nothing.
    used = [one for one in snapshots.judged(conn, district, tonight) if _OUT_OF_SCOPE in one.counts]
    for before, after in zip(used[1:], used, strict=False):
        names = _different(before.settings, after.settings)
        if names and after.night_on > night_on - timedelta(days=DAYS):
            more = after.counts.get(_OUT_OF_SCOPE, 0) - before.counts.get(_OUT_OF_SCOPE, 0)
            return Edit(after.night_on, names, more)
    return None


def _different(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    old, new = (_mapping(settings) for settings in (before, after))
    return tuple(name for name in sorted({*old, *new}) if old.get(name) != new.get(name))


def _mapping(settings: Mapping[str, object]) -> Mapping[str, object]:
    chosen = settings.get("mapping", {})
    return chosen if isinstance(chosen, Mapping) else {}


def leaving_out(conn: Connection, stage: Stage) -> list[Finding]:
    """Return SZ18 for rows that an edit of the mapping has put out of scope, however few."""
    edit = last_edit(conn, stage.code, stage.night_on)
    return left_out(edit.left_out, str(edit)) if edit else []
