"""What a person decides about holds: let their changes go, or keep the roster as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId
from domain.model import Decision
from domain.tables import RosterTable
from mappings.holding import DIRECTIONS
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, holds, runs, snapshots
from sisbridge.store.holds import Chosen, Hold
from sisbridge.store.runs import RunMode, RunState
from sisbridge.sync import night
from sisbridge.sync.holding.held_fields import FieldChange, changed_fields

_STAGES = ("compare", "apply", "seats")
"""What a release runs again, on the newest snapshot that was applied."""

MOST = 20
"""How many changes of a hold are shown one by one."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One held change, without a value of its row. decision: hold, apply (released) or discard."""

    table: str
    sourced_id: str
    op: str
    school: str
    first_held_on: date
    decision: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a hold holds. tally: changes by (table, school, op, decision); rows: the first of them.

    fields: what its updates would change.
    """

    hold: Hold
    tally: Mapping[tuple[str, str, str, str], int]
    rows: tuple[HeldRow, ...]
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision. changes: how many it was taken on.

    applied: rows that moved at once, by op; None when a later night applies them. reason: why it is that.
    """

    changes: int
    applied: Mapping[str, int] | None = None
    reason: str = ""


def contents(house: House, district: DistrictCode, hold_id: int, most: int = MOST) -> Contents:
    """Return what a hold holds; StopDistrict CF80 when there is none of that number."""
    with house.store.read() as conn:
        one = holds.get(conn, house.district(district).code, hold_id)
        rows = holds.held(conn, district, Chosen(hold_id=hold_id)).to_pylist()
        fields = changed_fields(conn, house, district, rows)
    tally = Counter((row["roster_table"], row["school"], row["op"], row["decision"]) for row in rows)
    names = ("sourced_id", "op", "school", "first_held_on", "decision")
    first = (HeldRow(row["roster_table"], *(row[name] for name in names)) for row in rows[:most])
    return Contents(one, dict(sorted(tally.items())), tuple(first), fields)


def chosen(
    hold_id: int | None = None,
    school: str | None = None,
    table: str | None = None,
    direction: str | None = None,
) -> Chosen:
    """Return which held changes are meant; direction: add, update or remove.

    Raises StopDistrict CF81 for a table or direction that does not exist.
    """
    _require("table", table, [one.value for one in RosterTable])
    _require("op", direction, sorted(set(DIRECTIONS.values())))
    ops = [op for op, word in DIRECTIONS.items() if word == direction] if direction else None
    return Chosen(hold_id=hold_id, table=table, school=school, ops=ops)


def _require(name: str, value: str | None, words: list[str]) -> None:
    if value is not None and value not in words:
        raise StopDistrict("CF81", f"There is no {name} '{value}'.", fix=f"Use one of: {', '.join(words)}.")


def release(house: House, district: DistrictCode, actor: str, meant: Chosen) -> Decided:
    """Let held changes go, and apply them at once as the newest applied snapshot has them; audited.

    A row that is back is not removed, one that changed since is taken as it is now, one that the rules of
    evidence still keep goes when they allow. Raises StopDistrict CF81 when no held change is meant, or what a
    stage raises: the decision stands then, and the next night applies it.
    """
    changes = _decide(house, district, Decision.APPLY, actor, meant)
    with house.store.read() as conn:
        latest, snapshot = runs.latest(conn, district), snapshots.last_applied(conn, district)
    if latest is not None and latest.state is RunState.RUNNING:
        return Decided(
            changes, reason="A run of the district is under way: it or the next night applies them."
        )
    if snapshot is None:
        return Decided(changes, reason="No roster was applied yet: the next night applies them.")
    run_id = night.begin(house, district, RunMode.RELEASE)
    with house.store.begin("release") as conn:
        runs.set_snapshot(conn, district, run_id, snapshot.snapshot_id)
    return Decided(changes, _applied(house, district, run_id))


def discard(house: House, district: DistrictCode, actor: str, meant: Chosen) -> Decided:
    """Keep the roster as it was against held changes, until they ask for something else; audited.

    Raises StopDistrict CF81 when no held change is meant.
    """
    return Decided(_decide(house, district, Decision.DISCARD, actor, meant))


def _applied(house: House, district: DistrictCode, run_id: RunId) -> Mapping[str, int]:
    for name in _STAGES:
        night.step(house, district, run_id, name)
    night.finish(house, district, run_id)
    with house.store.read() as conn:
        counts = runs.get(conn, district, run_id).counts
    return {op: counts[op] for op in DIRECTIONS if op in counts}


def _decide(house: House, district: DistrictCode, decision: Decision, actor: str, meant: Chosen) -> int:
    known = house.district(district)
    at = clock_of(known)()
    with house.store.begin("decision") as conn:
        if meant.hold_id is not None:
            holds.get(conn, district, meant.hold_id)
        changes = holds.decide(conn, district, decision, actor, at, meant)
        if not changes:
            raise StopDistrict(
                "CF81",
                f"No change of district {district} is held that this names.",
                fix="List the district's holds, and name one of them, or a school, table or op of theirs.",
            )
        said = "held changes released" if decision is Decision.APPLY else "held changes discarded"
        audit.append(conn, district, actor, said, _subject(meant, changes), None, None, at)
        holds.bring_up_to_date(conn, district, today_of(known))
    return changes


def _subject(meant: Chosen, changes: int) -> str:
    parts = {
        "hold": meant.hold_id,
        "table": meant.table,
        "school": meant.school,
        "op": ",".join(sorted(meant.ops)) if meant.ops else None,
    }
    words = [f"{name} {value}" for name, value in parts.items() if value is not None]
    return "; ".join([*words, f"{changes} changes"])
