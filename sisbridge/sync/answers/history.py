"""What changed of one record, when, and by whom; values masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from domain.ids import DistrictCode, SourcedId
from domain.masking import HIDDEN, mask, shown_code, shown_id
from domain.model import Op
from domain.tables import ROSTER, Column, Kind, RosterTable
from sisbridge.house import House
from sisbridge.store import rekey, roster, timeline
from sisbridge.store.database import Connection
from sisbridge.store.timeline import PastChange

_WORDS = {
    Op.ADD: "came",
    Op.UPDATE: "changed",
    Op.REMOVE: "was removed",
    Op.MISSING: "was missing from the feed",
    Op.RETURN: "was in the feed again",
}
_CODES = (Kind.CODE, Kind.CODES, Kind.BOOLEAN, Kind.DATE, Kind.MOMENT)
_IDS = (Kind.ID, Kind.REFERENCE)


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One field's step, as it may be shown: a code, a date and an id in clear, anything else its shape."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One change of one record: the night, what happened to which fields, and who decided it."""

    night_on: date
    table: str
    sourced_id: SourcedId
    what: str
    fields: tuple[FieldStep, ...]
    decided_by: str


def history(house: House, district: DistrictCode, sourced_id: SourcedId) -> list[HistoryStep]:
    """Return what happened to a record, newest first, back through the re-keys it went through.

    Nothing for a sourcedId that was never seen; StopDistrict for an unknown district.
    """
    house.district(district)
    with house.store.read() as conn:
        return [step for table in RosterTable for step in _of_table(conn, district, table, sourced_id)]


def _of_table(
    conn: Connection, district: DistrictCode, table: RosterTable, sourced_id: SourcedId
) -> list[HistoryStep]:
    row = roster.rows(conn, district, table, None, {"sourced_id": [sourced_id]}).to_pylist()
    past = timeline.of_record(conn, district, table, *_ids(conn, district, table, sourced_id))
    return _steps(_new_id_first(past), row[0] if row else {})


def _new_id_first(past: list[PastChange]) -> list[PastChange]:
    """Show of each re-key what a record became above what it was, though it was brought before that went."""
    told = list(past)
    for at, (later, earlier) in enumerate(pairwise(past)):
        if later.op is Op.REMOVE and earlier.op is Op.ADD and later.sourced_id != earlier.sourced_id:
            told[at : at + 2] = [earlier, later]
    return told


def _ids(
    conn: Connection, district: DistrictCode, table: RosterTable, sourced_id: SourcedId
) -> list[SourcedId]:
    """Return the sourcedIds a record had before, each once: a SIS may go back to one of them."""
    ids = [sourced_id]
    while (before := rekey.former(conn, district, table, ids[-1])) and before[0] not in ids:
        ids.append(before[0])
    return ids


def _steps(past: list[PastChange], state: dict[str, str | None]) -> list[HistoryStep]:
    """Walk back from a record as it stands; each change says what was there before it."""
    steps = []
    for change in past:
        moved = tuple(
            FieldStep(name, _shown(change.table, name, change.before.get(name)),
                      _shown(change.table, name, state.get(name)))
            for name in change.fields
        )  # fmt: skip
        state = {**state, **change.before}
        steps.append(
            HistoryStep(
                change.night_on, change.table.value, change.sourced_id, _WORDS[change.op], moved,
                change.decided_by,
            )
        )  # fmt: skip
    return steps


def _shown(table: RosterTable, name: str, value: str | None) -> str:
    if value is None:
        return ""
    column: Column = ROSTER[table].column(name)
    if column.personal:
        return HIDDEN
    if column.kind in _IDS:
        return shown_id(value)
    if column.kind is Kind.REFERENCES:
        return ",".join(map(shown_id, value.split(",")))
    return shown_code(value) if column.kind in _CODES else mask(value)
