"""The core types of a grade's way out: offerings, seats, grades, the outbox, receipts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, OfferingId, PersonId, ResultId, SourcedId

GRADE_COLUMNS = (
    "district",
    "student_sourced_id",
    "offering",
    "term",
    "reporting_period",
    "kind",
    "percent",
    "text_score",
    "mark",
    "comment",
    "entered_by",
    "complete",
)
"""The columns of a collected grade, as teachers' files and the canonical rows name them; all text."""


@dataclass(frozen=True, slots=True)
class Offering:
    """One shared course in one term on the master schedule.

    posting_opens_on, posting_closes_on: when grades of it may leave (end exclusive).
    """

    offering_id: OfferingId
    title: str
    course_code: str
    term: str
    school_year: str
    host_district: DistrictCode
    teacher: str
    period_kind: str
    sessions_per_week: int
    minutes_per_session: int
    begin_date: date
    end_date: date
    posting_opens_on: date
    posting_closes_on: date
    minimum_seats: int = 10
    maximum_seats: int = 20


@dataclass(frozen=True, slots=True)
class Seat:
    """One student's place in one offering for one term; (district, person, offering, term) is its key."""

    district: DistrictCode
    person: PersonId
    offering: OfferingId
    term: str
    home_school: SourcedId
    home_class: SourcedId
    student: SourcedId
    begin_date: date | None
    end_date: date | None


class GradeKind(StrEnum):
    """The two kinds of grade we write back."""

    FINAL = "final"
    PROGRESS = "progress"


class Mark(StrEnum):
    """What a grade is besides a number; anything but GRADED is never sent as a number."""

    GRADED = "graded"
    INCOMPLETE = "incomplete"
    WITHDRAWN = "withdrawn"
    PASS = "pass"
    NO_GRADE = "no grade awarded"


@dataclass(frozen=True, slots=True)
class GradeValue:
    """What is compared when we read back: percent with one decimal, letter, mark. Never logged.

    Its repr hides the values, so that a traceback or a log line cannot show a grade.
    """

    percent: Decimal | None
    text_score: str | None
    mark: Mark = Mark.GRADED

    def __repr__(self) -> str:
        """Hide the values."""
        return "GradeValue(hidden)"


@dataclass(frozen=True, slots=True)
class WrittenGrade:
    """What we wrote last of one grade on one route. Its repr hides it."""

    value: GradeValue
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GradeRecord:
    """One revision of one student's mark in one grade column, as it was collected."""

    grade_id: GradeId
    district: DistrictCode
    person: PersonId
    student: SourcedId
    offering: OfferingId
    term: str
    reporting_period: str
    kind: GradeKind
    value: GradeValue
    scale_version: str
    comment: str
    revision: int
    entered_by: str
    place: str = ""

    def __repr__(self) -> str:
        """Name the grade without its value or comment."""
        return f"GradeRecord({self.district}, {self.grade_id}, revision {self.revision})"


class OutboxState(StrEnum):
    """Where one released grade stands on its way into a SIS.

    HELD: it waits for its posting window and leaves by itself. BY_HAND: a person enters it in the SIS.
    """

    QUEUED = "queued"
    HELD = "held"
    BY_HAND = "by_hand"
    SENDING = "sending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    NOT_TAKEN = "not_taken"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One revision of one grade on one route, without its value (the payload carries that)."""

    item_id: ItemId
    district: DistrictCode
    route: str
    grade_id: GradeId
    revision: int
    line_item_id: LineItemId
    result_id: ResultId
    payload_digest: str
    state: OutboxState
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class LineItemSpec:
    """The grade column as a route shows it in one home class: what `prepare` makes sure of."""

    line_item_id: LineItemId
    title: str
    class_sourced_id: SourcedId
    school_sourced_id: SourcedId
    session_sourced_id: SourcedId
    assign_date: date
    due_date: date
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class GradePayload:
    """Everything a route needs to write one grade. It belongs to one district and says so.

    The outbox refuses a payload beside an item of another district, and so does every sink. school_year:
    the year it ends, "2026". grade_level, school_identifier, class_code, state_identifier: as the home
    roster has them, "" where it has none. labels: what the district's term map calls the column, by name:
    always `label`, and what its route needs (`store_code`, `term_id`, `grading_task`).
    """

    district: DistrictCode
    item_id: ItemId
    line_item: LineItemSpec
    student: SourcedId
    student_identifier: str
    value: GradeValue
    comment: str
    kind: GradeKind
    reporting_period: str
    course_code: str
    course_title: str
    school_name: str
    score_date: date
    labels: Mapping[str, str] = field(default_factory=dict)
    school_year: str = ""
    grade_level: str = ""
    school_identifier: str = ""
    class_code: str = ""
    state_identifier: str = ""
    teacher: str = ""

    def label(self, name: str) -> str:
        """Return what the district calls the column under a name, or its plain label when not told."""
        return self.labels.get(name) or self.labels.get("label", "")

    def __repr__(self) -> str:
        """Name the item without student, value or comment."""
        return f"GradePayload({self.district}, {self.item_id})"


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """What a route can carry of a grade; the gate makes payloads fit, or holds them, before they are queued.

    comment_length: the most characters of a comment; None for any number, 0 where it carries none.
    comment_lines, comment_tabs: whether a comment may hold line breaks, tabs. characters: the codec its
    text must be writable in. marks: those it can say. needs_percent, needs_letter: whether a graded grade
    must have the one or the other. decimals: digits that it keeps of a percent which goes
    beside a letter.
    """

    comment_length: int | None = None
    comment_lines: bool = True
    comment_tabs: bool = True
    characters: str = "utf-8"
    marks: frozenset[Mark] = frozenset(Mark)
    needs_percent: bool = False
    needs_letter: bool = False
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class RemoteGrade:
    """What the SIS holds for one item, in the route's canonical form (its rounding, its scale).

    comment: the comment held, "" for none; None where the route cannot tell.
    """

    value: GradeValue
    remote_id: str = ""
    comment: str | None = field(default=None, repr=False)


class Outcome(StrEnum):
    """What one attempt came to. WAITING: not written, because the SIS takes no such grade at present.

    A waiting item stays queued and is tried again at every delivery; the receipt's message names what it
    waits for (the grading task and the term), and so does the case that is opened.
    """

    ADOPTED = "adopted"
    CONFIRMED = "confirmed"
    DELIVERED = "delivered"
    NOT_TAKEN = "not_taken"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of one attempt: what was there, what was sent, what is there now."""

    item_id: ItemId
    attempt: int
    sent_at: datetime
    outcome: Outcome
    before: RemoteGrade | None = None
    sent: GradeValue | None = None
    after: RemoteGrade | None = None
    remote: str = ""
    message: str = ""
    fix: str = ""
