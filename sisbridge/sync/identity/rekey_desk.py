"""What a person decides about a re-key: carry everything over to the new sourcedIds, or refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId, SnapshotId, SourcedId, fixed_id
from domain.model import District
from domain.tables import ROSTER, RosterTable
from mappings import crosswalk as pairing
from mappings.pairs import PAIRS, Crosswalk
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, holds, people, roster, runs, snapshots, staging
from sisbridge.store import identity as identity_store
from sisbridge.store import rekey as store
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.store.rekey import Names
from sisbridge.sync.identity.rekey import KIND, SUMMARY, Proposed, pairs_name


@dataclass(frozen=True, slots=True)
class Proposal:
    """The newest re-key that nobody decided on: its tables, and every pair of ids."""

    district: DistrictCode
    snapshot: SnapshotId
    run_id: RunId
    tables: tuple[Proposed, ...]
    crosswalk: Crosswalk


@dataclass(frozen=True, slots=True)
class Carried:
    """What an accepted re-key moved: rows by table, and what hung on them."""

    rows: Mapping[str, int]
    people: int
    seats: int
    payloads: int
    terms: tuple[str, ...]


def proposal(house: House, district: DistrictCode) -> Proposal:
    """Return the re-key that the newest snapshot proposes; StopDistrict CF86 when it proposes none."""
    house.district(district)
    with house.store.read() as conn:
        applied = snapshots.last_applied(conn, district)
        newest = runs.latest(conn, district)
        refused = store.refused(conn, district)
    run_of = {applied.snapshot_id: applied.run_id} if applied else {}
    if newest is not None and newest.snapshot_id:
        run_of = {SnapshotId(newest.snapshot_id): newest.run_id} | run_of
    for snapshot, run_id in run_of.items():
        if house.landing.exists(district, snapshot, SUMMARY):
            told = json.loads(house.landing.read(district, snapshot, SUMMARY))
            tables = tuple(Proposed(**one) for one in told)
            found = pairing.without(_landed(house, district, snapshot, tables), refused)
            if any(pairs.num_rows for pairs in _usable_now(house, district, found).values()):
                return Proposal(district, snapshot, run_id, tables, found)
    raise StopDistrict(
        "CF86",
        f"No re-key of district {district} waits for a decision.",
        fix="Nothing has to be done; a re-key that a night finds opens a case.",
    )


def _landed(
    house: House, district: DistrictCode, snapshot: SnapshotId, tables: tuple[Proposed, ...]
) -> dict[RosterTable, pa.Table]:
    found = {}
    for one in tables:
        table = RosterTable(one.table)
        batches = house.landing.read_batches(district, snapshot, pairs_name(table))
        found[table] = pa.Table.from_batches(batches, schema=PAIRS)
    return found


def _usable_now(house: House, district: DistrictCode, found: Crosswalk) -> dict[RosterTable, pa.Table]:
    with house.store.read() as conn:
        return _usable(conn, district, found)


def accept(house: House, district: DistrictCode, actor: str) -> Carried:
    """Carry roster, people, seats, grades in the outbox, and history over to the new ids, all or nothing.

    What we call grades, line items and results does not change, nor does what the SIS holds. Audited;
    raises StopDistrict CF86 when there is nothing to accept.
    """
    known, found = house.district(district), proposal(house, district)
    at, night_on = clock_of(known)(), today_of(known)
    with house.store.begin("rekey") as conn:
        runs.hold(conn, district)
        crosswalk = _usable(conn, district, found.crosswalk)
        names = {table: _names(pairs) for table, pairs in crosswalk.items()}
        rows = _move_roster(conn, known, found, crosswalk, f"{actor}, re-key", night_on, at)
        moved = _move_people(conn, known, names.get(RosterTable.USERS, {}), night_on, actor, at)
        seats = _move_seats(conn, district, names, night_on)
        store.move_home_classes(conn, district, names.get(RosterTable.CLASSES, {}))
        store.move_grades(conn, district, names.get(RosterTable.USERS, {}))
        terms = store.move_terms(conn, district, names.get(RosterTable.ACADEMIC_SESSIONS, {}))
        payloads = store.move_payloads(conn, house.keyring, district, names)
        snapshots.forget_bookmarks(conn, district)
        for hold in holds.holds(conn, district, holds.HoldState.OPEN, holds.HoldState.DECIDED):
            if hold.kind == KIND:
                holds.forget(conn, district, hold.hold_id)
        holds.bring_up_to_date(conn, district, night_on)
        rekey_id = _decide(conn, found, crosswalk, store.ACCEPTED, actor, night_on, at)
        identity_store.carry_keys(conn, district, rekey_id)
    return Carried(rows, moved, seats, payloads, tuple(terms))


def refuse(house: House, district: DistrictCode, actor: str) -> int:
    """Remember that these are other rows, not the same under new ids; return how many pairs.

    From the next night on they come and go like any other row, within the thresholds. Audited; raises
    StopDistrict CF86 when there is nothing to refuse.
    """
    known, found = house.district(district), proposal(house, district)
    at, night_on = clock_of(known)(), today_of(known)
    pairs = [
        frozenset({SourcedId(old), SourcedId(new)})
        for old, new in _names(found.crosswalk[RosterTable.USERS]).items()
    ] if RosterTable.USERS in found.crosswalk else []  # fmt: skip
    with house.store.begin("rekey") as conn:
        identity_store.decide(conn, district, known.school_year, pairs, identity_store.DIFFERENT, actor, at)
        _decide(conn, found, found.crosswalk, store.REFUSED, actor, night_on, at)
    return sum(table.num_rows for table in found.crosswalk.values())


def _names(pairs: pa.Table) -> Names:
    return dict(zip(pairs.column(0).to_pylist(), pairs.column(1).to_pylist(), strict=True))


def _usable(conn: Connection, district: DistrictCode, found: Crosswalk) -> dict[RosterTable, pa.Table]:
    """Return the pairs whose old id is in force and whose new one is not: the roster may have moved since."""
    kept = {}
    for table, pairs in found.items():
        asked = [*pairs.column(0).to_pylist(), *pairs.column(1).to_pylist()]
        here = roster.rows(conn, district, table, ["sourced_id"], {"sourced_id": asked}).column(0)
        old, new = (pc.is_in(pairs.column(side), value_set=here) for side in (0, 1))
        kept[table] = pairs.filter(pc.and_(old, pc.invert(new)))
    return kept


def _move_roster(
    conn: Connection,
    district: District,
    found: Proposal,
    crosswalk: Crosswalk,
    actor: str,
    night_on: date,
    at: datetime,
) -> dict[str, int]:
    moved = {}
    for table in RosterTable:
        if not any(target in crosswalk for target in _targets(table)):
            continue
        rows = roster.rows(conn, district.code, table, [*ROSTER[table].names, "digest"])
        changes, brought = pairing.changes(table, rows, crosswalk)
        roster.apply(
            conn, district.code, table, staging.beside(district.code, table, changes, brought),
            snapshot_id=found.snapshot, run_id=found.run_id, night_on=night_on,
            school_year=district.school_year, actor=actor, at=at,
        )  # fmt: skip
        moved[table.value] = brought.num_rows
    return moved


def _targets(table: RosterTable) -> set[RosterTable]:
    return {table} | {column.refers_to for column in ROSTER[table].columns if column.refers_to}


def _move_people(
    conn: Connection, district: District, users: Names, night_on: date, actor: str, at: datetime
) -> int:
    """Link the new users to the old ones' persons, dated, with what people decided about them."""
    code, year = district.code, district.school_year
    links = people.links(conn, code, year)
    known = {SourcedId(new): links[SourcedId(old)] for old, new in users.items() if SourcedId(old) in links}
    people.add_links(conn, code, year, known, night_on)
    people.reopen_links(conn, code, year, list(known))
    people.end_links(conn, code, year, list(users), night_on)
    said = identity_store.decisions(conn, code, year)
    for verdict, pairs in ((identity_store.SAME, said.same), (identity_store.DIFFERENT, said.different)):
        carried = [
            frozenset(SourcedId(users.get(one, one)) for one in pair) for pair in pairs if pair & users.keys()
        ]
        identity_store.decide(conn, code, year, carried, verdict, actor, at)
    return len(known)


def _move_seats(
    conn: Connection, district: DistrictCode, names: Mapping[RosterTable, Names], night_on: date
) -> int:
    def new(table: RosterTable, sourced_id: SourcedId) -> SourcedId:
        return SourcedId(names.get(table, {}).get(sourced_id, sourced_id))

    before = seat_store.seats(conn, district)
    after = [
        replace(
            seat,
            student=new(RosterTable.USERS, seat.student),
            home_class=new(RosterTable.CLASSES, seat.home_class),
            home_school=new(RosterTable.ORGS, seat.home_school),
        )
        for seat in before
    ]
    moved = [seat for seat, was in zip(after, before, strict=True) if seat != was]
    seat_store.save(conn, district, moved, night_on)
    return len(moved)


def _decide(
    conn: Connection,
    found: Proposal,
    crosswalk: Crosswalk,
    verdict: str,
    actor: str,
    night_on: date,
    at: datetime,
) -> str:
    rekey_id = fixed_id("rekey", found.district, found.snapshot)
    store.save(
        conn, found.district, rekey_id, verdict, crosswalk,
        snapshot_id=found.snapshot, night_on=night_on, actor=actor, at=at,
    )  # fmt: skip
    digest = hashlib.sha256()
    for table, pairs in sorted(crosswalk.items()):
        digest.update(json.dumps([table, *sorted(_names(pairs).items())]).encode())
    audit.append(conn, found.district, actor, f"re-key {verdict}", rekey_id, None, digest.hexdigest(), at)
    return rekey_id
