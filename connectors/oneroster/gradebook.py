"""Grades into a OneRoster gradebook: one line item a grade column and class, one result a student.

Every id is ours and fixed, so a PUT repeated changes nothing. Read-back is one list per class.
Source: OneRoster 1.1 and 1.2 gradebook REST bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import orjson

from connectors.http import Answer, HttpClient, Request
from connectors.oneroster.columns import Columns
from connectors.oneroster.envelope import record_of
from connectors.oneroster.gradebook_check import run_gradebook_check
from connectors.oneroster.gradebook_reads import GradebookReads
from connectors.oneroster.line_items import CREATION, LineItems
from connectors.oneroster.refusals import changed, refusal
from connectors.oneroster.refusals import refuse_strangers as refuse_strangers
from connectors.oneroster.remote_ids import RemoteIds, allocated
from connectors.oneroster.results import GradebookForm
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from connectors.protocol import Capability, CheckReport, RouteLimits
from connectors.sending import receipt_of, send_each
from domain.clock import Clock, system_clock
from domain.errors import RowRejected, SisbridgeError
from domain.grading import (
    GradePayload,
    GradeValue,
    LineItemSpec,
    Mark,
    OutboxItem,
    Outcome,
    Receipt,
    RemoteGrade,
)
from domain.ids import DistrictCode, ItemId, LineItemId
from domain.oneroster import Service, Version

ROUTE = "oneroster_gradebook"
PERMISSION = "writing grades (scope gradebook.createput, and an open grading window)"
REMOVAL = "removing our own grades (scope gradebook.delete)"

Payloads = Mapping[ItemId, GradePayload]


class OneRosterGradebookSink:
    """A district's OneRoster gradebook; implements `connectors.protocol.GradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: OneRosterGradebookSettings, *, clock: Clock = system_clock,
        form: GradebookForm | None = None, own_columns: bool = True,
    ) -> None:  # fmt: skip
        """Remember where the gradebook is; nothing is sent yet. form: a vendor's own way to write grades.

        own_columns: False where the line items are the SIS's, known by `know`, and none is ever made.
        """
        self._district = district
        self._settings = settings
        self._clock = clock
        self._receipt = partial(receipt_of, clock)
        self._form = form or GradebookForm(settings)
        self._auth = settings.authorizer(settings.gradebook_scopes)
        self._root = settings.root(Service.GRADEBOOK)
        self._rejected: dict[LineItemId, RowRejected] = {}
        self._own_columns = own_columns
        self._ids = RemoteIds()
        self._columns = Columns(self._ids)
        self._standing: dict[ItemId, str] = {}

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades are written, read back and withdrawn."""
        return frozenset({Capability.GRADES_WRITE, Capability.GRADES_READ, Capability.GRADES_WITHDRAW})

    def limits(self) -> RouteLimits:
        """Return that 1.1 takes numbers only, and how long a title may be."""
        old = self._settings.version is Version.V1P1
        return RouteLimits(
            comment_length=None if self._settings.send_comment else 0,
            marks=frozenset({Mark.GRADED}) if old else frozenset(Mark),
            needs_percent=old,
            decimals=1 if old or not self._settings.send_text else self._settings.decimals,
        )

    def check(self) -> CheckReport:
        """Try connection, sign-in, reading, and the right to write by an answer to a DELETE of nothing."""
        return run_gradebook_check(self._district, self._settings)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as this gradebook holds it: rounded, without letters in 1.1."""
        return self._form.canonical(value)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what the SIS called our line items and results before."""
        self._ids.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return what the SIS calls our line items and results where it chose the id, as learnt since."""
        return self._ids.learnt()

    def use_category(self, category_id: str) -> None:
        """Put line items made from now on into a category that who knows this SIS has found."""
        self._settings = self._settings.model_copy(update={"category_id": category_id})

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Make sure of category and line items; a line item the SIS refuses rejects its own items only."""
        self._refuse_strangers(payloads)
        with self._client() as client:
            self._rejected = self._columns.ensure(self._line_items(client), _specs(payloads))

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what the gradebook holds for each item, by line item and student, one list per class.

        A class whose line item does not stand yet is not asked: it can hold no grade of the column.
        """
        self._refuse_strangers(payloads)
        with self._client() as client:
            placed = self._placed(client, payloads)
            held = GradebookReads(self._settings, self._form, client, self._ids).current(placed)
        found = {payload.item_id: held.get(payload.item_id) for payload in payloads}
        self._standing |= {item: grade.remote_id if grade else "" for item, grade in found.items()}
        return found

    def writes_anew(self, items: Sequence[OutboxItem]) -> frozenset[ItemId]:
        """Return the items that would go by POST, because no result of theirs is known."""
        if self._settings.write_by != "post":
            return frozenset()
        return frozenset(item.item_id for item in items if self._there(item) is None)

    def gone(self) -> frozenset[LineItemId]:
        """Return the line items that we made and that somebody deleted since, as far as we looked."""
        return self._columns.gone

    def _placed(self, client: HttpClient, payloads: Sequence[GradePayload]) -> list[GradePayload]:
        if not self._own_columns:
            return list(payloads)
        stand = self._columns.stand(self._line_items(client), _specs(payloads))
        return [payload for payload in payloads if payload.line_item.line_item_id in stand]

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write the items, some at a time; yield a receipt as each answer comes.

        Outcomes: DELIVERED (200, 201, 204), REJECTED (the SIS or we refuse this one), UNKNOWN (no clear
        answer). Raises StopDistrict, or RetryLater when nothing but unclear answers come, after the
        receipts of all that was on its way.
        """
        self._refuse_strangers([*items, *(payloads[item.item_id] for item in items)])
        sendable: list[tuple[OutboxItem, Request]] = []
        for item in items:
            try:
                sendable.append((item, self._write(item, payloads[item.item_id])))
            except RowRejected as error:
                yield self._receipt(item, Outcome.REJECTED, error)
        for item, answer in self._send(sendable):
            yield self._answered(item, payloads[item.item_id], answer)

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Delete our results where the SIS still holds what we wrote, then our line items left empty.

        A line item goes only when it stands under our own fixed id, so that nobody else can have made it.
        Outcomes: DELIVERED (deleted), ADOPTED (already gone), CONFLICT (somebody changed it; left alone),
        REJECTED, UNKNOWN.
        """
        self._refuse_strangers([*items, *(payloads[item.item_id] for item in items)])
        ours: list[tuple[OutboxItem, Request]] = []
        for item, there in self._held(items):
            payload = payloads[item.item_id]
            value = self._form.value_of(there, payload.line_item) if there else None
            if there is None:
                yield self._receipt(item, Outcome.ADOPTED, None)
            elif value != self.canonical(payload.value):
                yield self._receipt(item, Outcome.CONFLICT, changed(item))
            else:
                url = self._address(item)
                ours.append((item, Request("DELETE", url, permission=REMOVAL, mark="sis:delete-result")))
        for item, answer in self._send(ours):
            yield self._deleted(item, answer)
        self._remove_empty([payloads[item.item_id] for item, _ in ours])

    def _remove_empty(self, payloads: Sequence[GradePayload]) -> None:
        if not payloads:
            return
        with self._client() as client:
            used = GradebookReads(self._settings, self._form, client, self._ids).used_line_items(payloads)
            made = {payload.line_item.line_item_id for payload in payloads} - used
            for line_item in sorted(one for one in made if self._ids.of(one) == one):
                url = address(self._root, "lineItems", line_item)
                client.send(Request("DELETE", url, permission=REMOVAL, mark="sis:delete-line-item"))

    def _client(self) -> HttpClient:
        return self._settings.client(self._auth)

    def _line_items(self, client: HttpClient) -> LineItems:
        return LineItems(self._settings, self._form, client, self._district, self._clock, self._ids)

    def _there(self, item: OutboxItem) -> str | None:
        """Return the id of the result that stands where the item's will, None when none is known."""
        known = None if item.line_item_id in self._columns.gone else self._ids.find(item.result_id)
        return self._standing.get(item.item_id) or known

    def _address(self, item: OutboxItem) -> str:
        return address(self._root, "results", self._ids.of(item.result_id))

    def _write(self, item: OutboxItem, payload: GradePayload) -> Request:
        """Return how to write one grade: over what stands there, else under our id or the SIS's choice."""
        if item.line_item_id in self._rejected:
            raise self._rejected[item.line_item_id]
        line_item, there = LineItemId(self._ids.of(item.line_item_id)), self._there(item)
        placed = replace(payload, line_item=replace(payload.line_item, line_item_id=line_item))
        record = self._form.result(placed, there or item.result_id, self._clock())
        if there is None and self._settings.write_by == "post":
            url = address(self._root, "lineItems", line_item, "results")
            body = orjson.dumps({"results": [record]})
            return Request("POST", url, body=body, permission=CREATION, mark="sis:post-result", retry=False)
        url, body = address(self._root, "results", there or item.result_id), orjson.dumps({"result": record})
        return Request("PUT", url, body=body, permission=PERMISSION, mark="sis:put-result")

    def _held(self, items: Sequence[OutboxItem]) -> Iterator[tuple[OutboxItem, Mapping[str, object] | None]]:
        """Yield each item with the very result of ours the SIS holds, or None."""
        requests = [Request("GET", self._address(item), permission=REMOVAL) for item in items]
        with self._client() as client:
            answers = client.get_many(requests, self._settings.in_flight)
            for item, answer in zip(items, answers, strict=True):
                record = record_of(answer.json, "results") if answer.code < 300 else None
                gone = record is not None and record.get("status") == "tobedeleted"
                yield item, None if gone else record

    def _send(
        self, writes: Sequence[tuple[OutboxItem, Request]]
    ) -> Iterator[tuple[OutboxItem, Answer | SisbridgeError]]:
        with (
            self._client() as client,
            closing(send_each(client, writes, self._settings.in_flight)) as answers,
        ):
            yield from answers

    def _answered(self, item: OutboxItem, payload: GradePayload, answer: Answer | SisbridgeError) -> Receipt:
        sent = self.canonical(payload.value)
        if isinstance(answer, SisbridgeError):
            return self._receipt(item, Outcome.UNKNOWN, answer, sent)
        if answer.code in (200, 201, 204):
            return self._receipt(item, Outcome.DELIVERED, None, sent, self._remote(item, payload, answer))
        return self._receipt(item, Outcome.REJECTED, refusal(answer.code, item), sent)

    def _remote(self, item: OutboxItem, payload: GradePayload, answer: Answer) -> str:
        """Return what the SIS calls the result, remembered where it chose; "" for a POST it does not say."""
        there = self._there(item) or item.result_id
        theirs = allocated(answer, "results", there, {"student": payload.student})
        if theirs and theirs != item.result_id:
            self._ids.learn(item.result_id, theirs)
        posted = self._settings.write_by == "post" and self._there(item) is None
        return theirs or ("" if posted else there)

    def _deleted(self, item: OutboxItem, answer: Answer | SisbridgeError) -> Receipt:
        if isinstance(answer, SisbridgeError):
            return self._receipt(item, Outcome.UNKNOWN, answer)
        if answer.code in (200, 204, 404):
            return self._receipt(item, Outcome.DELIVERED, None, remote=item.result_id)
        return self._receipt(item, Outcome.REJECTED, refusal(answer.code, item))

    def _refuse_strangers(self, things: Sequence[GradePayload | OutboxItem]) -> None:
        refuse_strangers(self._district, things)


def _specs(payloads: Sequence[GradePayload]) -> list[LineItemSpec]:
    return list({payload.line_item.line_item_id: payload.line_item for payload in payloads}.values())
