"""Storing grades: a row anew or over what stands, the first of a delivery looked at before the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.http import Answer, Request
from connectors.oneroster.remote_ids import RemoteIds
from connectors.powerschool.class_lists import ClassLists
from connectors.powerschool.client import GradeClient, told_id
from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.identifiers import Row, year_id, year_of_term
from connectors.powerschool.refusals import (
    astray,
    is_page,
    lacks_fields,
    left_alone,
    not_linked,
    page_between,
    refused,
    still_there,
    store_window_closed,
    waits,
)
from connectors.powerschool.stored_form import StoredForm
from connectors.sending import UNCLEAR, send_each
from domain.errors import RowRejected, SisbridgeError
from domain.grading import GradePayload, OutboxItem, Outcome, Receipt
from domain.ids import ItemId

PERMISSION = "writing StoredGrades (FullAccess in the plugin's access request)"
TABLE = "schema/table/storedgrades"

Payloads = Mapping[ItemId, GradePayload]
Write = tuple[OutboxItem, Request]
MakeReceipt = Callable[..., Receipt]


class StoredWriter:
    """Writes rows of StoredGrades for one sink; `receipt` makes a receipt of item, outcome and error."""

    def __init__(
        self, settings: StoredGradeSettings, client: GradeClient, lists: ClassLists, ids: RemoteIds,
        receipt: MakeReceipt,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._client = client
        self._lists = lists
        self._ids = ids
        self._form = StoredForm(settings)
        self._receipt = receipt
        self._proven = False

    def standing(self, payload: GradePayload) -> Row | None:
        """Return the stored row that counts; of several, one that is not what we want, to be looked at.

        Raises RowRejected WB65, WB66 when the student cannot be placed.
        """
        rows = [row for row in self._lists.place(payload).rows if _stands(row)]
        wanted = self._form.canonical(payload.value)
        foreign = [row for row in rows if self._form.remote(row).value != wanted]
        return next(iter(foreign if len(rows) > 1 and foreign else rows), None)

    def request(self, item: OutboxItem, payload: GradePayload, *, shown: bool) -> Request:
        """Return how to store one grade. Raises RowRejected: cannot be placed, or must not be overwritten.

        shown: whether `current` told what stands, so that it was decided upon.
        """
        standing = self.standing(payload)
        body = self._form.body(payload, self._lists.place(payload), standing)
        if standing is None:
            return self._to("POST", "", body, "sis:post-stored")
        dcid = str(standing["stored_dcid"])
        if not shown and self._ids.find(item.result_id) != dcid:
            raise left_alone(item.item_id)
        return self._to("PUT", dcid, body, "sis:put-stored")

    def removal(self, dcid: str) -> Request:
        """Return how to delete a row."""
        return self._to("DELETE", dcid, None, "sis:delete-stored")

    def _to(self, method: str, dcid: str, body: bytes | None, mark: str) -> Request:
        url = self._client.address(f"{TABLE}/{dcid}" if dcid else TABLE)
        return Request(
            method, url, body=body, permission=PERMISSION, mark=mark, retry=method != "POST", judged=(403,)
        )

    def send(self, writes: Sequence[Write], payloads: Payloads) -> Iterator[Receipt]:
        """Send what is to be sent; raises as `send_each`, and StopDistrict WB64 for fields not granted."""
        anew = [one for one in writes if one[1].method == "POST"]
        others = [one for one in writes if one[1].method != "POST"]
        unclear = 0
        while anew and not self._proven:
            for item, answer in send_each(self._client.http, anew[:1], 1):
                receipt = self.answered(item, payloads[item.item_id], answer)
                wrong = self._proof(payloads[item.item_id], receipt)
                if wrong is not None:
                    yield from (self._receipt(one, Outcome.REJECTED, wrong) for one, _ in anew)
                    anew = []
                    continue
                yield receipt
                unclear += receipt.outcome is Outcome.UNKNOWN
                if isinstance(answer, SisbridgeError) and unclear >= UNCLEAR:
                    raise answer
            anew = anew[1:]
        for item, answer in send_each(self._client.http, [*anew, *others], self._settings.in_flight):
            yield self.answered(item, payloads[item.item_id], answer)

    def _proof(self, payload: GradePayload, receipt: Receipt) -> RowRejected | None:
        """Look where a row went that was stored anew; if astray, take it back and say what is wrong.

        The reason says so when it could not be taken back, and which row a person has to delete.
        """
        if receipt.outcome is not Outcome.DELIVERED:
            return None
        self._lists.forget()
        self._lists.read([payload])
        rows = [row for row in self._lists.place(payload).rows if _is(row, receipt.remote)]
        wrong = self._unlinked(payload, rows[0]) if rows else astray(payload.item_id)
        self._proven = wrong is None
        if wrong is None:
            return None
        stored = receipt.remote or (str(rows[0]["stored_dcid"]) if rows else "")
        return wrong if self._taken_back(stored) else still_there(wrong, stored)

    def _taken_back(self, dcid: str) -> bool:
        try:
            answer = self._client.http.send(self.removal(dcid)) if dcid else None
        except SisbridgeError:
            return False
        return answer is not None and (answer.code < 300 or answer.code == 404)

    def _unlinked(self, payload: GradePayload, row: Row) -> RowRejected | None:
        """Return what is wrong with a row that section and term were to be filled in for."""
        right_year = year_of_term(row.get("stored_termid")) == year_id(payload.school_year)
        linked = row.get("stored_sectionid") == row.get("sections_id")
        term = payload.labels.get("term_id", "")
        right_term = not term or row.get("stored_termid") == term
        if right_year and (not self._settings.require_link or (linked and right_term)):
            return None
        return not_linked(payload.item_id)

    def answered(self, item: OutboxItem, payload: GradePayload, answer: Answer | SisbridgeError) -> Receipt:
        """Return the receipt of a write's answer; StopDistrict WB64 for fields that are not granted."""
        sent = self._form.canonical(payload.value)
        if isinstance(answer, SisbridgeError):
            return self._receipt(item, Outcome.UNKNOWN, answer, sent)
        if answer.code == 403:
            raise lacks_fields(answer.body, "stored grades")
        if answer.code < 300 and is_page(answer.body):
            return self._receipt(item, Outcome.UNKNOWN, page_between(TABLE), sent)
        if answer.code < 300:
            return self._receipt(item, Outcome.DELIVERED, None, sent, self._stored(item, answer))
        if waits(answer.body):
            closed = store_window_closed(payload.label(self._settings.store_code), payload.school_year)
            return self._receipt(item, Outcome.WAITING, closed, sent)
        return self._receipt(item, Outcome.REJECTED, refused(answer.code, answer.body, item.item_id), sent)

    def removed(self, item: OutboxItem, answer: Answer | SisbridgeError) -> Receipt:
        """Return the receipt of a deletion's answer."""
        if isinstance(answer, SisbridgeError):
            return self._receipt(item, Outcome.UNKNOWN, answer)
        if answer.code == 403:
            raise lacks_fields(answer.body, "stored grades")
        if answer.code < 300 or answer.code == 404:
            return self._receipt(item, Outcome.DELIVERED, None)
        return self._receipt(item, Outcome.REJECTED, refused(answer.code, answer.body, item.item_id))

    def _stored(self, item: OutboxItem, answer: Answer) -> str:
        """Return the DCID of what was written, and remember it when it is new."""
        told = told_id(answer)
        if answer.code == 201 and told:
            self._ids.learn(item.result_id, told)
        return told


def _stands(row: Row) -> bool:
    """Return whether a row of the list has a stored grade beside it."""
    return row.get("stored_dcid") not in (None, "0")


def _is(row: Row, dcid: str) -> bool:
    return row.get("stored_dcid") == dcid if dcid else _stands(row)
