"""Sending scores by the PowerTeacher Pro API: a class in one request, its students alone if one is refused.

Source: PowerSchool developer pages, PUT /ws/xte/score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import orjson

from connectors.http import Answer, Request
from connectors.powerschool.client import GradeClient
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.refusals import lacks_fields, refused, term_locked, waits
from connectors.powerschool.xte_columns import Cell, Column, XteColumns, resubmitted
from connectors.powerschool.xte_scores import Entry, Score, body_of, canonical
from connectors.sending import UNCLEAR
from domain.errors import RetryLater, SisbridgeError
from domain.grading import GradePayload, OutboxItem, Outcome, Receipt
from domain.ids import ItemId

Payloads = Mapping[ItemId, GradePayload]
Cells = Mapping[ItemId, Cell]

PERMISSION = "writing scores (FullAccess on ASSIGNMENTSCORE)"
MOST_AT_ONCE = 200
"""Scores in one request."""


class XteWriter:
    """Writes scores for one gradebook. score: what stands in a cell. receipt: makes an item's receipt."""

    def __init__(
        self, settings: PowerSchoolGradebookSettings, client: GradeClient, columns: XteColumns,
        score: Callable[[Cell], Score | None], receipt: Callable[..., Receipt],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._client = client
        self._columns = columns
        self._score = score
        self._receipt = receipt

    def send(
        self, classes: Sequence[list[OutboxItem]], cells: Cells, payloads: Payloads
    ) -> Iterator[Receipt]:
        """Send each class at once, its items alone when one of them is refused; stop when it is no use."""
        waiting = [part for items in classes for part in _parts(items)]
        unclear = 0
        while waiting:
            items = waiting.pop(0)
            column = cells[items[0].item_id].column
            try:
                answer: Answer | SisbridgeError = self._put(column, items, cells, payloads)
            except RetryLater as error:
                answer, unclear = error, unclear + 1
            if len(items) > 1 and isinstance(answer, Answer) and _one_is_wrong(answer):
                waiting = [*([one] for one in items), *waiting]
                continue
            yield from (self._answered(one, column, payloads[one.item_id], answer) for one in items)
            if isinstance(answer, SisbridgeError) and unclear >= UNCLEAR:
                raise answer

    def _put(self, column: Column, items: Sequence[OutboxItem], cells: Cells, payloads: Payloads) -> Answer:
        made = self._columns.standing(column)
        entries = [self._entry(made, cells[one.item_id], payloads[one.item_id]) for one in items]
        params = {"users_dcid": str(column.teacher), "status": "A", "term_id": column.term_id}
        # A repeated PUT of a score that was saved unheard is refused, so it is looked up instead.
        request = Request(
            "PUT", self._client.address("xte/score"), params, body=orjson.dumps(body_of(entries)),
            permission=PERMISSION, mark="sis:put-scores", retry=False, judged=(403,),
        )  # fmt: skip
        return resubmitted(self._client, request)

    def _entry(self, made: int, cell: Cell, payload: GradePayload) -> Entry:
        score = self._score(cell)
        return Entry(
            made,
            cell.student,
            canonical(payload.value, self._settings.decimals),
            score.score_id if score else None,
        )

    def _answered(
        self, item: OutboxItem, column: Column, payload: GradePayload, answer: Answer | SisbridgeError
    ) -> Receipt:
        sent = canonical(payload.value, self._settings.decimals)
        if isinstance(answer, SisbridgeError):
            return self._receipt(item, Outcome.UNKNOWN, answer, sent)
        if answer.code == 403:
            raise lacks_fields(answer.body, "scores", "xte/score")
        if answer.code < 300:
            return self._receipt(item, Outcome.DELIVERED, None, sent)
        if waits(answer.body):
            locked = term_locked(column.spec.title, column.term_id)
            return self._receipt(item, Outcome.WAITING, locked, sent)
        return self._receipt(item, Outcome.REJECTED, refused(answer.code, answer.body, item.item_id), sent)

    def removed(self, item: OutboxItem, cell: Cell) -> Receipt:
        """Delete one student's score; return its receipt. Raises StopDistrict WB64."""
        made = self._columns.standing(cell.column)
        body = orjson.dumps({"student_ids": [cell.student], "section_ids": [made]})
        url = self._client.address("xte/assignment_section/students")
        request = Request("DELETE", url, {"force": "true"}, body=body, permission=PERMISSION, judged=(403,))
        try:
            answer = resubmitted(self._client, request)
        except RetryLater as error:
            return self._receipt(item, Outcome.UNKNOWN, error)
        if answer.code == 403:
            raise lacks_fields(answer.body, "scores", "xte/score")
        if answer.code < 300:
            return self._receipt(item, Outcome.DELIVERED, None)
        return self._receipt(item, Outcome.REJECTED, refused(answer.code, answer.body, item.item_id))


def _parts(items: list[OutboxItem]) -> list[list[OutboxItem]]:
    return [items[at : at + MOST_AT_ONCE] for at in range(0, len(items), MOST_AT_ONCE)]


def _one_is_wrong(answer: Answer) -> bool:
    """Return whether a refusal of many may be about one of them."""
    return answer.code in (400, 404, 409) and not waits(answer.body)
