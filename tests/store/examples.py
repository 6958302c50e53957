"""A small made-up region for the store's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from domain.grading import (
    GradeKind,
    GradePayload,
    GradeRecord,
    GradeValue,
    LineItemSpec,
    Offering,
    OutboxItem,
    OutboxState,
    Seat,
)
from domain.ids import (
    DistrictCode,
    OfferingId,
    PersonId,
    RunId,
    SnapshotId,
    SourcedId,
    grade_column,
    grade_id,
    item_id,
    line_item_id,
    result_id,
)
from domain.model import District, Finding, Mode, RosterSnapshot, Severity, TableFacts
from domain.tables import RosterTable
from sisbridge.store import grades, people, regions, runs, snapshots
from sisbridge.store.database import Connection, Store
from sisbridge.store.sealing import Keyring

NORTH, SOUTH = DistrictCode("north"), DistrictCode("south")
NIGHT, NEXT_NIGHT = date(2026, 1, 5), date(2026, 1, 6)
AT = datetime(2026, 1, 5, 3, tzinfo=UTC)
YEAR = "2025-2026"
ROUTE = "oneroster_gradebook"
CHEMISTRY = Offering(
    offering_id=OfferingId("chem-1"),
    title="Chemistry",
    course_code="CHEM",
    term="S1",
    school_year=YEAR,
    host_district=NORTH,
    teacher="t-1",
    period_kind="zero hour",
    sessions_per_week=3,
    minutes_per_session=45,
    begin_date=date(2025, 8, 4),
    end_date=date(2025, 12, 20),
    posting_opens_on=date(2025, 12, 15),
    posting_closes_on=date(2026, 1, 20),
)
FINAL = grade_column(CHEMISTRY.offering_id, "S1", "S1", "final")
GRADE = grade_id(NORTH, PersonId("p-1"), FINAL)


def district(code: DistrictCode = NORTH) -> District:
    """A district with an approved MOU."""
    return District(
        code=code,
        name="North Schools",
        state="IN",
        lea_identifier="0123",
        time_zone="America/Indiana/Indianapolis",
        school_year=YEAR,
        mou_approved_on=date(2025, 7, 1),
        settings={"scale": {"A": 90}},
    )


def fill(store: Store) -> None:
    """Two districts, one offering, one person in the first district."""
    with store.begin("fill") as conn:
        regions.save_district(conn, district(NORTH))
        regions.save_district(conn, district(SOUTH))
        regions.save_offering(conn, CHEMISTRY)
        people.add_links(conn, NORTH, YEAR, {SourcedId("u-1"): PersonId("p-1")}, NIGHT)


def undone(store: Store, work: Callable[[Connection], object]) -> None:
    """Do something in a transaction that fails."""
    with store.begin("undone") as conn:
        work(conn)
        raise RuntimeError


def run(store: Store, code: DistrictCode = NORTH) -> RunId:
    """An open run."""
    with store.begin("run") as conn:
        return runs.open_run(conn, code, NIGHT, "nightly", AT)


def snapshot(store: Store, snapshot_id: str = "snap-1") -> RosterSnapshot:
    """A complete snapshot, saved with its run."""
    made = RosterSnapshot(
        snapshot_id=SnapshotId(snapshot_id),
        district=NORTH,
        run_id=run(store),
        as_of=AT,
        mode=Mode.BULK,
        version="1.1",
        tables=(
            TableFacts(RosterTable.ORGS, 3, 3, None, "aa"),
            TableFacts(RosterTable.USERS, 50, 49, 50, "bb"),
        ),
        complete=True,
    )
    with store.begin("snapshot") as conn:
        snapshots.save(conn, made)
    return made


def seat(**changes: object) -> Seat:
    """A student's seat in chemistry."""
    one = Seat(
        district=NORTH,
        person=PersonId("p-1"),
        offering=CHEMISTRY.offering_id,
        term="S1",
        home_school=SourcedId("school-1"),
        home_class=SourcedId("class-1"),
        student=SourcedId("u-1"),
        begin_date=date(2025, 8, 4),
        end_date=None,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def record(revision: int = 1, percent: str = "88.5", **changes: object) -> GradeRecord:
    """A revision of the student's final grade."""
    one = GradeRecord(
        grade_id=GRADE,
        district=NORTH,
        person=PersonId("p-1"),
        student=SourcedId("u-1"),
        offering=CHEMISTRY.offering_id,
        term="S1",
        reporting_period="S1",
        kind=GradeKind.FINAL,
        value=GradeValue(Decimal(percent), "B+"),
        scale_version="v1",
        comment="a fine start",
        revision=revision,
        entered_by="t-1",
        place="grades.csv:2",
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def save_grade(store: Store, keyring: Keyring, *records: GradeRecord) -> None:
    """Save revisions as collected."""
    with store.begin("grades") as conn:
        for one in records:
            grades.save(conn, keyring, one, grades.GradeState.COLLECTED, AT)


def item(revision: int = 1, state: OutboxState = OutboxState.QUEUED) -> OutboxItem:
    """The outbox item of a revision of the final grade."""
    return OutboxItem(
        item_id=item_id(ROUTE, GRADE, revision),
        district=NORTH,
        route=ROUTE,
        grade_id=GRADE,
        revision=revision,
        line_item_id=line_item_id(NORTH, ROUTE, FINAL, "home-1"),
        result_id=result_id(ROUTE, GRADE),
        payload_digest="d",
        state=state,
    )


def payload(revision: int = 1, percent: str = "88.5", code: DistrictCode = NORTH) -> GradePayload:
    """What a route needs to write that revision."""
    return GradePayload(
        district=code,
        item_id=item_id(ROUTE, GRADE, revision),
        line_item=LineItemSpec(
            line_item_id=line_item_id(NORTH, ROUTE, FINAL, "home-1"),
            title="Final",
            class_sourced_id=SourcedId("class-1"),
            school_sourced_id=SourcedId("school-1"),
            session_sourced_id=SourcedId("term-1"),
            assign_date=date(2025, 12, 15),
            due_date=date(2025, 12, 20),
        ),
        student=SourcedId("u-1"),
        student_identifier="000123",
        value=GradeValue(Decimal(percent), None),
        comment="a fine start",
        kind=GradeKind.FINAL,
        reporting_period="S1",
        course_code="CHEM",
        course_title="Chemistry",
        school_name="North High",
        score_date=date(2026, 1, 5),
        labels={"label": "S1"},
    )


def finding(key: str = "u-1", rule: str = "RF01", group: str = "", student: str | None = None) -> Finding:
    """Something wrong with an enrollment."""
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="enrollments",
        field="class_sourced_id",
        place=f"enrollments.csv:{key}",
        key=key,
        masked="xxx-99",
        message="The class is missing.",
        fix="Add the class.",
        group=group,
        student=SourcedId(student) if student else None,
    )
