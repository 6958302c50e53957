"""Grades of record into PowerSchool: one row of StoredGrades for each student, course and store code.

PowerSchool has no key to write by, so what stands is looked up first, a course at a time; the DCID of what we
stored is kept, and a correction is a PUT of the whole row. The first grade that a delivery stores anew is
looked at before the others follow: whether it went to the right student, year, section and term.
Source: PowerSchool developer pages, /ws/schema/table/storedgrades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from connectors.http import Request
from connectors.oneroster.gradebook import refuse_strangers
from connectors.oneroster.remote_ids import RemoteIds
from connectors.powerschool.class_lists import ClassLists
from connectors.powerschool.client import GradeClient
from connectors.powerschool.grade_queries import STORED
from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.refusals import left_alone
from connectors.powerschool.stored_check import run_stored_check
from connectors.powerschool.stored_form import StoredForm
from connectors.powerschool.stored_writer import Payloads, StoredWriter
from connectors.protocol import Capability, CheckReport, RouteLimits
from connectors.sending import receipt_of, send_each
from domain.clock import Clock, system_clock
from domain.errors import RowRejected
from domain.grading import GradePayload, GradeValue, OutboxItem, Outcome, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId

ROUTE = "powerschool_stored_grades"


class PowerSchoolStoredGradesSink:
    """A district's StoredGrades; implements `connectors.protocol.GradeSink` and `RemembersIds`."""

    def __init__(
        self, district: DistrictCode, settings: StoredGradeSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where PowerSchool is; nothing is sent yet."""
        self._district = district
        self._settings = settings
        self._receipt = partial(receipt_of, clock)
        self._form = StoredForm(settings)
        self._client = GradeClient(settings)
        self._lists = ClassLists(self._client, STORED, settings, settings.store_code)
        self._ids = RemoteIds()
        self._writer = StoredWriter(settings, self._client, self._lists, self._ids, self._receipt)
        self._shown: set[ItemId] = set()
        self._anew: dict[ItemId, str] = {}

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades are written, read back and withdrawn."""
        return frozenset({Capability.GRADES_WRITE, Capability.GRADES_READ, Capability.GRADES_WITHDRAW})

    def limits(self) -> RouteLimits:
        """Return what a stored grade carries: the marks that have a code, and a comment if it is sent."""
        both = self._settings.send_percent and self._settings.send_letter
        return RouteLimits(
            comment_length=self._settings.comment_length if self._settings.send_comment else 0,
            marks=self._form.marks,
            needs_percent=not self._settings.send_letter,
            needs_letter=not self._settings.send_percent,
            decimals=self._settings.decimals if both else 1,
        )

    def check(self) -> CheckReport:
        """Try connection, sign-in, our query, and the right to write by a row refused as incomplete."""
        return run_stored_check(self._district, self._settings)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as StoredGrades hold it: rounded, a mark as its code alone."""
        return self._form.canonical(value)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take the DCIDs of what we stored before."""
        self._ids.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return the DCIDs of what we stored since, by our result id."""
        return self._ids.learnt()

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Look up students, sections and what stands, unless `current` has just done so."""
        refuse_strangers(self._district, payloads)
        with self._client:
            self._lists.read(payloads)

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what is stored for each item, whoever stored it: one question for a course, year and code.

        A student who cannot be placed holds nothing; `deliver` says why.
        """
        refuse_strangers(self._district, payloads)
        self._lists.forget()
        with self._client:
            self._lists.read(payloads)
        self._shown |= {payload.item_id for payload in payloads}
        return {payload.item_id: self._remote(payload) for payload in payloads}

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Store the grades; yield a receipt as each answer comes.

        Outcomes: DELIVERED, REJECTED (PowerSchool or we refuse this one), WAITING (the window for storing is
        closed), CONFLICT (a grade stands that `current` did not show), UNKNOWN (no clear answer). Raises
        StopDistrict WB64 when the plugin may not write a field, and what `send_each` raises.
        """
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        writes: list[tuple[OutboxItem, Request]] = []
        with self._client:
            self._lists.read(payloads[item.item_id] for item in items)
            for item in items:
                try:
                    shown = item.item_id in self._shown
                    request = self._writer.request(item, payloads[item.item_id], shown=shown)
                    writes.append((item, request))
                    if request.method == "POST":
                        self._anew[item.item_id] = item.result_id
                except RowRejected as error:
                    outcome = Outcome.CONFLICT if error.code == "WB70" else Outcome.REJECTED
                    yield self._receipt(item, outcome, error)
            yield from self._writer.send(writes, payloads)
        self._lists.forget()
        self._shown.clear()

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Delete what we stored where it still stands as we stored it.

        Outcomes: DELIVERED (deleted), ADOPTED (already gone), CONFLICT (changed, or not stored by us; left
        alone), REJECTED, UNKNOWN.
        """
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        held = self.current([payloads[item.item_id] for item in items])
        ours: list[tuple[OutboxItem, Request]] = []
        for item in items:
            there = held[item.item_id]
            if there is None:
                yield self._receipt(item, Outcome.ADOPTED, None)
            elif not self._is_ours(item, payloads[item.item_id], there):
                yield self._receipt(item, Outcome.CONFLICT, left_alone(item.item_id))
            else:
                ours.append((item, self._writer.removal(there.remote_id)))
        with self._client:
            for item, answer in send_each(self._client.http, ours, self._settings.in_flight):
                yield self._writer.removed(item, answer)
        self._lists.forget()

    def _is_ours(self, item: OutboxItem, payload: GradePayload, there: RemoteGrade) -> bool:
        stored = self._ids.find(item.result_id) == there.remote_id
        return stored and there.value == self.canonical(payload.value)

    def _remote(self, payload: GradePayload) -> RemoteGrade | None:
        try:
            standing = self._writer.standing(payload)
        except RowRejected:
            return None
        found = self._form.remote(standing) if standing else None
        if found and found.value == self.canonical(payload.value):
            self._recognise(payload.item_id, found.remote_id)
        return found

    def _recognise(self, item: ItemId, dcid: str) -> None:
        """Remember a row that we stored without hearing its DCID: nothing stood there when we began."""
        stored = self._anew.pop(item, "")
        if stored and self._ids.find(stored) is None:
            self._ids.learn(stored, dcid)
