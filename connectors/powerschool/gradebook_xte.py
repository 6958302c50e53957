"""Points by the PowerTeacher Pro API: an assignment for each column, a score for each student.

A plugin acts for a teacher and PowerSchool does not look whose section it is: we write only to sections that
our class lists name, under their own teacher. A whole class goes in one request.
Source: PowerSchool developer pages, /ws/xte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import orjson

from connectors.check_steps import Step
from connectors.http import HttpClient, Request
from connectors.oneroster.remote_ids import RemoteIds
from connectors.powerschool.class_lists import ClassLists
from connectors.powerschool.client import GradeClient
from connectors.powerschool.grade_queries import CLASS, SCORES
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.identifiers import Place, Thing, number
from connectors.powerschool.refusals import lacks_fields, left_alone, no_teacher, refused
from connectors.powerschool.stored_check import try_query
from connectors.powerschool.whose import schools_of
from connectors.powerschool.xte_columns import Cell, Column, XteColumns, column_of, resubmitted
from connectors.powerschool.xte_scores import Score, body_of, canonical, score_of
from connectors.powerschool.xte_writer import XteWriter
from connectors.protocol import RouteLimits, SeenOrgs
from domain.errors import RowRejected
from domain.grading import GradePayload, GradeValue, Mark, OutboxItem, Outcome, Receipt, RemoteGrade
from domain.ids import ItemId, LineItemId

Payloads = Mapping[ItemId, GradePayload]
MakeReceipt = Callable[..., Receipt]

_OUTCOMES = {"WB70": Outcome.CONFLICT, "WB78": Outcome.WAITING}


class XteGradebook:
    """The PowerTeacher Pro way of `PowerSchoolGradebookSink`; `receipt` makes a receipt of an outcome."""

    def __init__(self, settings: PowerSchoolGradebookSettings, receipt: MakeReceipt) -> None:
        self._settings = settings
        self._receipt = receipt
        self._client = GradeClient(settings)
        self._lists = ClassLists(self._client, CLASS, settings)
        self._ids = RemoteIds()
        self._columns = XteColumns(self._client, settings, self._ids)
        self._writer = XteWriter(settings, self._client, self._columns, self._score, receipt)
        self._scores: dict[int, dict[int, Score]] = {}
        self._rejected: dict[str, RowRejected] = {}
        self._shown: set[ItemId] = set()

    def limits(self) -> RouteLimits:
        """Return that points carry a percent, or say incomplete."""
        return RouteLimits(
            comment_length=0, marks=frozenset({Mark.GRADED, Mark.INCOMPLETE}), needs_percent=True
        )

    def client(self) -> HttpClient:
        """Return the client that asks and writes."""
        return self._client.http

    def steps(self, client: HttpClient) -> Iterator[Step]:
        """Yield the steps of a check behind sign-in: page size, our queries, the right to write."""
        yield Step("page size", lambda: f"{self._client.page_size()} rows at once")
        yield Step("class lists", lambda: try_query(self._client, CLASS))
        yield Step("scores", lambda: try_query(self._client, SCORES))
        yield Step("right to write", self._may_write)

    def whose(self) -> SeenOrgs:
        """Return the schools that prove whose connection it is."""
        return schools_of(self._settings)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as points show it."""
        return canonical(value, self._settings.decimals)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take the assignments we made before."""
        self._ids.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return the assignments made or found since."""
        return self._ids.learnt()

    def gone(self) -> frozenset[LineItemId]:
        """Return our columns that a teacher deleted since, as far as we looked."""
        return self._columns.gone

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read the scores that stand: one list for each column and section."""
        self._forget()
        with self._client:
            cells = self._placed(payloads)
            self._read_scores(cells.values())
        self._shown |= {payload.item_id for payload in payloads}
        return {payload.item_id: self._held(cells.get(payload.item_id)) for payload in payloads}

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Make the columns that are not there; one that PowerSchool refuses rejects its own items only."""
        with self._client:
            cells = self._placed(payloads)
            for column in {cell.column.key: cell.column for cell in cells.values()}.values():
                if not self._columns.standing(column):
                    self._make(column)
            self._read_scores(cells.values())

    def _make(self, column: Column) -> None:
        self._rejected.pop(column.key, None)
        try:
            self._columns.make(column)
        except RowRejected as error:
            self._rejected[column.key] = error

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write the scores, a class at a time; the outcomes are those of `GradeSink.deliver`."""
        with self._client:
            cells = self._placed([payloads[item.item_id] for item in items])
            self._read_scores(cells.values())
            classes: dict[str, list[OutboxItem]] = {}
            for item in items:
                try:
                    cell = cells.get(item.item_id) or self._cell(payloads[item.item_id])
                    self._look(item, payloads[item.item_id], cell)
                except RowRejected as error:
                    yield self._receipt(item, _OUTCOMES.get(error.code, Outcome.REJECTED), error)
                else:
                    classes.setdefault(cell.column.key, []).append(item)
            yield from self._writer.send(list(classes.values()), cells, payloads)
        self._forget()
        self._shown.clear()

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Delete scores that still are as we wrote them, then columns of ours left without any."""
        chosen = [payloads[item.item_id] for item in items]
        held = self.current(chosen)
        touched: dict[str, Column] = {}
        with self._client:
            cells = self._placed(chosen)
            for item in items:
                there = held[item.item_id]
                if there is None:
                    yield self._receipt(item, Outcome.ADOPTED, None)
                elif there.value != self.canonical(payloads[item.item_id].value):
                    yield self._receipt(item, Outcome.CONFLICT, left_alone(item.item_id))
                else:
                    cell = cells[item.item_id]
                    touched[cell.column.key] = cell.column
                    yield self._writer.removed(item, cell)
            self._remove_empty(touched.values())
        self._forget()

    def _forget(self) -> None:
        self._lists.forget()
        self._columns.forget()
        self._scores.clear()

    def _placed(self, payloads: Sequence[GradePayload]) -> dict[ItemId, Cell]:
        """Return where the payloads go that can be placed, their columns looked up."""
        self._lists.read(payloads)
        cells: dict[ItemId, Cell] = {}
        for payload in payloads:
            try:
                cells[payload.item_id] = self._cell(payload)
            except RowRejected:
                continue
        self._columns.read([cell.column for cell in cells.values()])
        return cells

    def _cell(self, payload: GradePayload) -> Cell:
        row = self._lists.place(payload).row
        if not number(row, Place.XTE, Thing.TEACHER):
            raise no_teacher(payload.item_id)
        return Cell(column_of(payload.line_item, row), number(row, Place.XTE, Thing.STUDENT))

    def _read_scores(self, cells: Iterable[Cell]) -> None:
        for column in {cell.column.key: cell.column for cell in cells}.values():
            made = self._columns.standing(column)
            if made and made not in self._scores:
                rows = self._client.rows(SCORES, {"assignment_section": str(made)})
                scores = [(row, score_of(row, self._settings.decimals)) for row in rows]
                self._scores[made] = {int(str(row["students_dcid"])): score for row, score in scores}

    def _score(self, cell: Cell) -> Score | None:
        return self._scores.get(self._columns.standing(cell.column), {}).get(cell.student)

    def _held(self, cell: Cell | None) -> RemoteGrade | None:
        score = self._score(cell) if cell else None
        return score.remote if score else None

    def _look(self, item: OutboxItem, payload: GradePayload, cell: Cell) -> None:
        """Raise RowRejected when a grade must not or cannot go where it should."""
        if cell.column.key in self._rejected:
            raise self._rejected[cell.column.key]
        if not self._columns.standing(cell.column):
            raise refused(404, b"", item.item_id)
        score = self._score(cell)
        foreign = score and score.value not in (None, self.canonical(payload.value))
        if foreign and item.item_id not in self._shown:
            raise left_alone(item.item_id)

    def _remove_empty(self, columns: Iterable[Column]) -> None:
        for column in columns:
            made = self._columns.standing(column)
            if made and not self._client.rows(SCORES, {"assignment_section": str(made)}):
                self._columns.remove(column)

    def _may_write(self) -> str:
        """Offer a list of no scores, which changes nothing whoever takes it."""
        params = {"users_dcid": "0", "status": "A", "term_id": "0"}
        url = self._client.address("xte/score")
        body = orjson.dumps(body_of([]))
        answer = resubmitted(self._client, Request("PUT", url, params, body=body, retry=False, judged=(403,)))
        if answer.code == 403:
            raise lacks_fields(answer.body, "scores", "xte/score")
        return "PowerSchool lets us write scores"
