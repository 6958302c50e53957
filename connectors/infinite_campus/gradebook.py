"""Grades of record into Infinite Campus: one result a student on the grading task that Campus publishes.

Nothing is ever made in Campus but results: the task, its term and its window are the district's own.
What goes over the wire, ids, retries and read-back are those of the OneRoster gradebook.
Source: Infinite Campus knowledge base, connecting to OneRoster grade book endpoints; the vendor's
OneRosterAssignmentSyncTester (2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from connectors.infinite_campus.grade_form import CampusForm
from connectors.infinite_campus.gradebook_check import run_campus_gradebook_check, vendor_refused
from connectors.infinite_campus.settings import CampusGradebookSettings
from connectors.infinite_campus.tasks import Task, closed_words, find_tasks
from connectors.oneroster.gradebook import OneRosterGradebookSink, Payloads, refuse_strangers
from connectors.protocol import Capability, CheckReport, RouteLimits
from domain.clock import Clock, system_clock
from domain.errors import RowRejected, StopDistrict
from domain.grading import GradePayload, GradeValue, Mark, OutboxItem, Outcome, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId, LineItemId

ROUTE = "infinite_campus_gradebook"


class InfiniteCampusGradebookSink:
    """A district's grading tasks in Campus; implements `connectors.protocol.GradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: CampusGradebookSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the Campus is; nothing is sent yet. In peak hours requests go one by one."""
        if settings.at_peak(clock()):
            settings = settings.model_copy(update={"in_flight": 1})
        self._district = district
        self._settings = settings
        self._clock = clock
        self._auth = settings.authorizer(settings.gradebook_scopes)
        self._inner = OneRosterGradebookSink(
            district, settings, clock=clock, form=CampusForm(settings), own_columns=False
        )
        self._tasks: dict[LineItemId, Task | RowRejected] = {}

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades are written, read back and withdrawn."""
        return self._inner.capabilities()

    def limits(self) -> RouteLimits:
        """Return which marks Campus can say, and that letter and percent go together."""
        every = self._settings.letter_alone and self._settings.reads_letters
        return RouteLimits(
            comment_length=None if self._settings.send_comment else 0,
            marks=frozenset(Mark) if every else frozenset({Mark.GRADED}),
            needs_percent=not self._settings.letter_alone,
            needs_letter=True,
            decimals=self._settings.decimals,
        )

    def check(self) -> CheckReport:
        """Try connection, sign-in, the vendor header and the right to write, without writing a grade."""
        return run_campus_gradebook_check(self._district, self._settings)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as Campus would show it."""
        return self._inner.canonical(value)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what Campus called our results before."""
        self._inner.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return what Campus calls our results where it chose the id, as learnt since."""
        return self._inner.learnt()

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Find the grading task of each payload; makes nothing. Raises StopDistrict CN32, and as reads do."""
        refuse_strangers(self._district, payloads)
        self._find([one for one in payloads if one.line_item.line_item_id not in self._tasks])

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what Campus holds for each item, one list of line items and one of results a class."""
        self.prepare(payloads)
        placed = [one for one in payloads if isinstance(self._tasks[one.line_item.line_item_id], Task)]
        with _naming_the_header():
            held = self._inner.current(placed) if placed else {}
        return {payload.item_id: held.get(payload.item_id) for payload in payloads}

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write the items whose window is open; yield a receipt each as its outcome is known.

        Outcomes besides those of the OneRoster gradebook: WAITING for a closed window, also when it closes
        while we write; REJECTED (WB50, WB51, WB52) for a task that is not there, double or shared.
        """
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        self.prepare([payloads[item.item_id] for item in items])
        left: dict[ItemId, OutboxItem] = {}
        for item in items:
            receipt = self._unsent(item, payloads[item.item_id])
            if receipt is None:
                left[item.item_id] = item
            else:
                yield receipt
        with _naming_the_header():
            yield from self._write(left, payloads)

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Delete our results where Campus still holds what we wrote; the tasks stay as they are."""
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        self.prepare([payloads[item.item_id] for item in items])
        with _naming_the_header():
            yield from self._inner.withdraw(items, payloads)

    def _find(self, payloads: Sequence[GradePayload]) -> None:
        if not payloads:
            return
        with _naming_the_header(), self._settings.client(self._auth) as client:
            found = find_tasks(self._settings, client, payloads)
        self._tasks |= found
        self._inner.know({ours: task.sourced_id for ours, task in found.items() if isinstance(task, Task)})

    def _unsent(self, item: OutboxItem, payload: GradePayload) -> Receipt | None:
        """Return the receipt of an item that cannot be written now, None for one that can."""
        task = self._tasks[payload.line_item.line_item_id]
        if isinstance(task, RowRejected):
            return self._receipt(item, Outcome.REJECTED, task.message, task.fix)
        return None if task.is_open else self._receipt(item, Outcome.WAITING, *closed_words(payload))

    def _write(self, left: dict[ItemId, OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write what is left; a refusal that turns out to be a window closed meanwhile is one no more."""
        while left:
            try:
                for receipt in self._inner.deliver(list(left.values()), payloads):
                    del left[receipt.item_id]
                    yield receipt
            except StopDistrict as error:
                closed = list(self._closed_since(left, payloads)) if error.code == "CN04" else []
                if not closed:
                    raise
                for receipt in closed:
                    del left[receipt.item_id]
                    yield receipt

    def _closed_since(self, left: Mapping[ItemId, OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        self._find([payloads[item_id] for item_id in left])
        for item_id, item in left.items():
            receipt = self._unsent(item, payloads[item_id])
            if receipt is not None:
                yield receipt

    def _receipt(self, item: OutboxItem, outcome: Outcome, message: str, fix: str) -> Receipt:
        return Receipt(item.item_id, item.attempts, self._clock(), outcome, message=message, fix=fix)


@contextmanager
def _naming_the_header() -> Iterator[None]:
    """Say of a 401 on a grade endpoint that it is the vendor header (CN32): the token was good before."""
    try:
        yield
    except StopDistrict as error:
        raise vendor_refused(error) from None
