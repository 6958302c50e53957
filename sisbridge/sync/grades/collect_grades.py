"""Take grades of the shared courses from where teachers leave them, judge them, keep the good ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from connectors import registry
from connectors.grade_rows import GradeBatch, GradeRow, GradeSource
from domain.errors import SisbridgeError, StopDistrict
from domain.grading import GradeKind, GradeRecord, GradeValue, Seat
from domain.ids import DistrictCode, GradeId, OfferingId, PersonId, SourcedId, grade_column, grade_id
from domain.model import ConnectorConfig, District
from domain.tables import PLACE, RosterTable
from mappings import grades as grading
from mappings.scales import Scale, scale_from
from sisbridge.house import House, clock_of
from sisbridge.store import grades as grade_store
from sisbridge.store import people, regions, roster
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.store.grades import GradeState
from sisbridge.sync.grades import held_grades
from validation.context import GradeContext
from validation.judge import judge_grades

_SeatKey = tuple[SourcedId, OfferingId, str]

Progress = Callable[[int, int], None]
"""Told how many rows of how many read so far were judged."""


@dataclass
class Collected:
    """What came of a collection: rows read, kept as new revisions, unchanged, held; rows of no district."""

    read: int = 0
    kept: int = 0
    unchanged: int = 0
    held: int = 0
    unplaced: list[str] = field(default_factory=list)
    by_district: dict[DistrictCode, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Desk:
    """What one district's rows are judged against."""

    district: District
    scale: Scale
    seats: dict[tuple[str, str, str], Seat]
    columns: frozenset[tuple[str, str, str]]
    offerings: frozenset[str]
    latest: dict[GradeId, GradeRecord]

    @property
    def words(self) -> frozenset[str]:
        """Return what names this district's grade columns."""
        return self.offerings.union(*self.columns)


def collect_grades(house: House, source: GradeSource, *, progress: Progress | None = None) -> Collected:
    """Read every batch and keep each good row as a revision of its grade; hold the others with a case.

    A row that says what is kept already changes nothing. Rows of a district nobody knows are listed
    by place in `unplaced`.
    """
    collected = Collected()
    for batch in source.read():
        rows_of: dict[str, list[GradeRow]] = {}
        for row in batch.rows:
            rows_of.setdefault((row.values.get("district") or "").strip(), []).append(row)
        collected.read += len(batch.rows)
        done = collected.read - len(batch.rows)
        for code, rows in sorted(rows_of.items()):
            _collect_district(house, batch, code, rows, collected)
            done += len(rows)
            if progress:
                progress(done, collected.read)
    return collected


def collect_from(house: House, path: Path, *, progress: Progress | None = None) -> Collected:
    """Collect the grades of a CSV file, or of every CSV in a folder."""
    config = ConnectorConfig(DistrictCode(""), "grades", "grade_csv", {"path": str(path)})
    return collect_grades(house, registry.grade_source(config, _no_secret), progress=progress)


def _no_secret(name: str) -> str:
    raise StopDistrict("CF13", f"A grade file needs no secret, but {name} was asked for.", fix="Report this.")


def _collect_district(
    house: House, batch: GradeBatch, code: str, rows: Sequence[GradeRow], collected: Collected
) -> None:
    try:
        district = house.district(DistrictCode(code))
    except SisbridgeError:
        collected.unplaced += [row.place for row in rows]
        return
    try:
        _judge_and_keep(house, batch, district, rows, collected)
    except SisbridgeError as error:
        held_grades.stop(house, batch, district, error)
        _count(collected, district.code, [], len(rows))


def _judge_and_keep(
    house: House, batch: GradeBatch, district: District, rows: Sequence[GradeRow], collected: Collected
) -> None:
    with house.store.begin("collect") as conn:
        desk = _desk(conn, house, district)
        parsed = [grading.parse(row.place, row.values) for row in rows]
        judged = judge_grades(
            _table(parsed, desk, _strangers(conn, desk, parsed)),
            GradeContext(
                district=district.code,
                maximum_percent=_maximum(district),
                words=desk.words,
                overrides=district.settings,
            ),
        )
        good = set(judged.clean.column(PLACE).to_pylist())
        seen = grade_store.batch_seen(conn, district.code, batch.name, batch.sha256)
        held = held_grades.still_held(conn, house, district, batch, parsed)
        kept = [
            _keep(conn, house, desk, row, seen and row.place not in held)
            for row in parsed
            if row.place in good
        ]
        known = {student for student, _, _ in desk.seats}
        findings = [held_grades.named(one, known) for one in judged.findings]
        held_grades.hold(conn, house, district, batch, parsed, findings, seen)
        held_grades.tell(conn, district, batch, known)
        grade_store.save_batch(conn, district.code, batch.name, batch.sha256, clock_of(district)())
    _count(collected, district.code, kept, len(rows) - len(kept))


def _maximum(district: District) -> Decimal:
    """Return the highest percent the district takes: more than 100 where extra credit counts."""
    return Decimal(str(district.settings.get("maximum_percent", 100)))


def _count(collected: Collected, code: DistrictCode, kept: list[bool], held: int) -> None:
    collected.kept += sum(kept)
    collected.unchanged += len(kept) - sum(kept)
    collected.held += held
    counts = collected.by_district.setdefault(code, {"kept": 0, "unchanged": 0, "held": 0})
    counts["kept"] += sum(kept)
    counts["unchanged"] += len(kept) - sum(kept)
    counts["held"] += held


def _desk(conn: Connection, house: House, district: District) -> _Desk:
    seats = {(s.student, s.offering, s.term): s for s in seat_store.seats(conn, district.code)}
    links = people.links(conn, district.code, district.school_year)
    _add_former_users(conn, district, links, seats)
    return _Desk(
        district=district,
        scale=scale_of(district),
        seats={(str(a), str(b), c): seat for (a, b, c), seat in seats.items()},
        columns=frozenset(regions.term_map(conn, district.code)),
        offerings=frozenset(str(o.offering_id) for o in regions.offerings(conn)),
        latest=grade_store.latest(conn, house.keyring, district.code),
    )


def _add_former_users(
    conn: Connection, district: District, links: Mapping[SourcedId, PersonId], seats: dict[_SeatKey, Seat]
) -> None:
    """Let a person's seat be found by a user that is gone, never by one in force: it may be another."""
    of_person: dict[PersonId, list[Seat]] = {}
    for seat in seats.values():
        of_person.setdefault(seat.person, []).append(seat)
    others = [student for student, person in links.items() if person in of_person]
    in_force = roster.rows(conn, district.code, RosterTable.USERS, ["sourced_id"], {"sourced_id": others})
    for student in set(others) - set(in_force.column("sourced_id").to_pylist()):
        for seat in of_person[links[student]]:
            seats.setdefault((student, seat.offering, seat.term), seat)


def scale_of(district: District) -> Scale:
    """Return the home district's own scale; StopDistrict with the fix when it has none that works."""
    chosen = district.settings.get("scale")
    return scale_from(chosen if isinstance(chosen, Mapping) else {})


def _strangers(conn: Connection, desk: _Desk, parsed: Sequence[grading.ParsedGrade]) -> set[str]:
    """Return the students without a seat here whom only another district knows: a leak about to happen."""
    seated = {student for student, _, _ in desk.seats}
    asked = {row.student for row in parsed} - seated
    return people.known_elsewhere(conn, desk.district.code, desk.district.school_year, sorted(asked))


def _table(parsed: Sequence[grading.ParsedGrade], desk: _Desk, strangers: set[str]) -> pa.Table:
    """Return the canonical grade rows with the facts the rules ask for, as true and false."""
    table = grading.to_table(parsed)
    contested = grading.contested(parsed)
    facts = {
        "_has_seat": [(row.student, row.offering, row.term) in desk.seats for row in parsed],
        "_known_column": [_known(row, desk) for row in parsed],
        "_letter_agrees": [grading.agrees(row, desk.scale) for row in parsed],
        "_own_district": [row.student not in strangers for row in parsed],
        "_contested": [row.place in contested for row in parsed],
    }
    for name, values in facts.items():
        table = table.append_column(name, pa.array(values, pa.bool_()))
    return table


def _known(row: grading.ParsedGrade, desk: _Desk) -> bool:
    return row.offering in desk.offerings and (row.term, row.reporting_period, row.kind) in desk.columns


def _keep(conn: Connection, house: House, desk: _Desk, row: grading.ParsedGrade, seen: bool) -> bool:
    """Keep a row as the newest revision of its grade; return False when nothing is new in it.

    seen: this very row was judged good before, so that it cannot speak against what came after it.
    """
    seat = desk.seats[(row.student, row.offering, row.term)]
    column = grade_column(OfferingId(row.offering), row.term, row.reporting_period, row.kind)
    key = grade_id(desk.district.code, seat.person, column)
    value = grading.value_of(row, desk.scale)
    last = desk.latest.get(key)
    if last is not None and (seen or (last.value, last.comment) == (value, row.comment or "")):
        return False
    record = _record(desk, row, seat.person, key, (last.revision if last else 0) + 1, value)
    grade_store.save(conn, house.keyring, record, GradeState.COLLECTED, clock_of(desk.district)())
    desk.latest[key] = record
    return True


def _record(
    desk: _Desk,
    row: grading.ParsedGrade,
    person: PersonId,
    key: GradeId,
    revision: int,
    value: GradeValue,
) -> GradeRecord:
    return GradeRecord(
        grade_id=key,
        district=desk.district.code,
        person=person,
        student=SourcedId(row.student),
        offering=OfferingId(row.offering),
        term=row.term,
        reporting_period=row.reporting_period,
        kind=GradeKind(row.kind),
        value=value,
        scale_version=desk.scale.version,
        comment=row.comment or "",
        revision=revision,
        entered_by=row.entered_by or "",
        place=row.place,
    )
