"""One grade written for a test student, read back and taken away again: the proof that a route works.

The student has to be marked as one in the district's settings (`test_students`), so that no child's
record is ever written to for a test.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.check_steps import Step, run_steps
from connectors.protocol import CheckStep, FileGradeSink, GradeSink
from domain.errors import ContractBroken, SisbridgeError, StopDistrict
from domain.grading import (
    GradePayload,
    GradeRecord,
    GradeValue,
    OutboxItem,
    OutboxState,
    Outcome,
    RemoteGrade,
    Seat,
)
from domain.ids import GradeId, fixed_id
from domain.model import District
from mappings.readback import after_writing
from mappings.scales import letter
from mappings.transmittal import fit
from sisbridge.house import House, clock_of
from sisbridge.store import audit, regions
from sisbridge.sync.grades import gate, posting
from sisbridge.sync.grades.payloads import Desk, desk_of, home_roster, payload_of
from sisbridge.sync.grades.remote_ids import reminded
from sisbridge.sync.grades.writeback import alone

TEST_STUDENTS = "test_students"
"""The setting of a district that lists the sourcedIds of its test students."""

_PERCENT = Decimal("85.0")
_TAKEN = (Outcome.DELIVERED, Outcome.CONFIRMED, Outcome.UNKNOWN)


def write_test(house: House, district: District, student: str) -> tuple[CheckStep, ...]:
    """Write a grade for a marked test student, read it back and take it away; return the steps.

    A route by file is tried up to the file's content: nothing is handed over. What is written is audited.
    Nothing is raised: a step that fails says the fix.
    """
    try:
        route, sink = gate.opened(house, district)
    except SisbridgeError as error:
        return (CheckStep("test record", "failed", f"{error.code}: {error.message}", error.fix),)
    trial = _Trial(house, district, student, route, sink)
    return run_steps(district.code, trial.steps()).steps


@dataclass
class _Trial:
    """One test of one route. item, payload: what would be released, known once the record is found."""

    house: House
    district: District
    student: str
    route: gate.Route
    sink: GradeSink
    item: OutboxItem = field(init=False)
    payload: GradePayload = field(init=False)

    def steps(self) -> list[Step]:
        """Return the steps: those of a file end before anything is handed over."""
        found = Step("test record", self._find)
        if isinstance(self.sink, FileGradeSink):
            return [found, Step("test file", self._render)]
        return [
            found,
            Step("nothing there", self._look),
            Step("write", self._write),
            Step("read back", self._read_back, blocks=False),
            Step("take back", self._take_back, blocks=False),
        ]

    def _find(self) -> str:
        """Find the seat of the marked student and make its grade as it would be released."""
        marked = self.district.settings.get(TEST_STUDENTS, [])
        if not isinstance(marked, list) or self.student not in marked:
            raise StopDistrict(
                "WB40",
                f"{self.student} is not marked as a test student of district {self.district.code}",
                fix=f"Make a test student in the SIS and add its sourcedId to {TEST_STUDENTS} in the "
                "region file",
            )
        with self.house.store.read() as conn:
            desk = desk_of(conn, self.district, self.route.kind)
            seat, term = _seat_and_term(desk, self.student)
            record = _record(seat, term, GradeValue(_PERCENT, letter(self.route.scale, _PERCENT)))
            payload = payload_of(desk, home_roster(conn, desk, [record]), record, seat)
        fitted = fit(payload, self.route.limits, self.route.scale)
        if fitted.payload is None:
            (finding,) = fitted.findings
            raise StopDistrict(finding.rule, finding.message, fix=finding.fix)
        self.payload = fitted.payload
        self.item = posting.item_of(self.house, self.route.kind, record, self.payload, OutboxState.SENDING)
        return f"{self.student} is marked, and has a seat in {seat.offering}, {seat.term}"

    def _render(self) -> str:
        assert isinstance(self.sink, FileGradeSink)
        made = self.sink.render([self.item], {self.payload.item_id: self.payload})
        return f"a file of {made.rows} row can be made; the first real one and its receipt prove the rest"

    def _look(self) -> str:
        if self._held() is not None:
            raise StopDistrict(
                "WB41",
                f"{self.student} has a grade there already, which a test must not touch",
                fix="Remove the test student's grade in the SIS, or mark another test student",
            )
        return "nothing stands there yet"

    def _write(self) -> str:
        payloads = {self.payload.item_id: self.payload}
        with alone(self.house, self.district.code), self._memory():
            self._note("test grade written")
            self.sink.prepare([self.payload])
            (receipt,) = self.sink.deliver([self.item], payloads)
        if receipt.outcome not in _TAKEN:
            raise StopDistrict("WB42", f"The SIS did not take it: {receipt.message}", fix=receipt.fix)
        return "the SIS did not answer" if receipt.outcome is Outcome.UNKNOWN else "the SIS took it"

    def _read_back(self) -> str:
        held, wanted = self._held(), self.sink.canonical(self.payload.value)
        outcome = after_writing(None, wanted, held, answered=True)
        if outcome is not Outcome.CONFIRMED:
            other = outcome is Outcome.CONFLICT
            raise ContractBroken(
                "WB43",
                "The SIS holds another grade than was written" if other else "The SIS keeps no grade",
                fix="Look at the column in the SIS (scale, points, posting window), then try again",
            )
        return "the SIS holds what was written"

    def _take_back(self) -> str:
        with alone(self.house, self.district.code), self._memory():
            self._note("test grade taken back")
            (receipt,) = self.sink.withdraw([self.item], {self.payload.item_id: self.payload})
        if self._held() is not None:
            raise StopDistrict(
                "WB44",
                f"The test grade of {self.student} still stands in the SIS. {receipt.message}".strip(),
                fix="Remove it there by hand",
            )
        return "nothing stands there any more"

    def _held(self) -> RemoteGrade | None:
        with self._memory():
            return self.sink.current([self.payload])[self.payload.item_id]

    def _memory(self) -> AbstractContextManager[None]:
        return reminded(self.house, self.district, self.sink, self.route.kind)

    def _note(self, what: str) -> None:
        item, at, actor = self.item, clock_of(self.district)(), self.house.settings.actor
        with self.house.store.begin("write-test") as conn:
            digest = item.payload_digest
            audit.append(conn, self.district.code, actor, what, str(item.item_id), None, digest, at)


def _seat_and_term(desk: Desk, student: str) -> tuple[Seat, regions.TermMapping]:
    """Return a seat of a student that has a column at home; finals before progress reports."""
    terms = sorted(desk.terms.values(), key=lambda term: (term.kind, term.term, term.reporting_period))
    for term in terms:
        for seat in desk.seats.values():
            if seat.student == student and seat.term == term.term:
                return seat, term
    raise StopDistrict(
        "WB40",
        f"{student} has no seat in a shared course with a column in the term map",
        fix="Schedule the test student in a section of a shared course, and sync once",
    )


def _record(seat: Seat, term: regions.TermMapping, value: GradeValue) -> GradeRecord:
    return GradeRecord(
        grade_id=GradeId(fixed_id("write-test", seat.district, seat.student)),
        district=seat.district,
        person=seat.person,
        student=seat.student,
        offering=seat.offering,
        term=term.term,
        reporting_period=term.reporting_period,
        kind=term.kind,
        value=value,
        scale_version="",
        comment="",
        revision=1,
        entered_by="sisbridge check",
    )
