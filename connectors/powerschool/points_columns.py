"""Fitting columns of grades to PowerSchool's OneRoster gradebook: category, title, dates.

The category is the district's and has to be there; we never make one. A column that stands keeps the title
and the dates it has: they are the teacher's to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connectors.http import HttpClient, Request
from connectors.oneroster.envelope import record_of, sourced_id_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from connectors.powerschool.columns import Days, title_for
from connectors.powerschool.refusals import no_category
from domain.grading import GradePayload, LineItemSpec
from domain.ids import LineItemId
from domain.oneroster import Service

Record = Mapping[str, object]


class PointsColumns:
    """The columns of one delivery, fitted; each class is looked at once."""

    def __init__(self, settings: OneRosterGradebookSettings, category: str, title_limit: int) -> None:
        self._settings = settings
        self._root = settings.root(Service.GRADEBOOK)
        self._category = category
        self._limit = title_limit
        self._specs: dict[LineItemId, LineItemSpec] = {}

    def fit(self, client: HttpClient, payloads: Sequence[GradePayload]) -> None:
        """Look at the classes of columns that were not fitted yet; raises as `ListReader.read` does."""
        wanted: dict[str, dict[LineItemId, LineItemSpec]] = {}
        for payload in payloads:
            spec = payload.line_item
            if spec.line_item_id not in self._specs:
                wanted.setdefault(spec.class_sourced_id, {})[spec.line_item_id] = spec
        for class_id, specs in sorted(wanted.items()):
            there = {sourced_id_of(one): one for one in self._line_items(client, class_id)}
            for spec in specs.values():
                self._specs[spec.line_item_id] = self._fitted(client, spec, there)

    def fitted(self, payload: GradePayload) -> GradePayload:
        """Return a payload with its column as fitted."""
        spec = self._specs.get(payload.line_item.line_item_id, payload.line_item)
        return replace(payload, line_item=spec)

    def category(self, client: HttpClient) -> str:
        """Return the category's sourcedId; StopDistrict WB74 when the gradebook has none of that name."""
        question = Question(address(self._root, "categories"), "/categories", "categories", READING)
        for record in self._list(client, question):
            same = str(record.get("title") or "").strip().casefold() == self._category.casefold()
            if same and record.get("status") != "tobedeleted":
                return sourced_id_of(record) or ""
        raise no_category(self._category)

    def _fitted(
        self, client: HttpClient, spec: LineItemSpec, there: Mapping[str | None, Record]
    ) -> LineItemSpec:
        standing = there.get(spec.line_item_id)
        if standing is not None:
            days = (_day(standing.get("assignDate")), _day(standing.get("dueDate")))
            title = str(standing.get("title") or spec.title)
            return replace(
                spec, title=title, assign_date=days[0] or spec.assign_date, due_date=days[1] or spec.due_date
            )
        title = title_for(spec, self._limit, {str(one.get("title")) for one in there.values()})
        days_of_term = self._days(client, spec)
        if days_of_term is None:
            return replace(spec, title=title)
        due = days_of_term.nearest(spec.due_date)
        return replace(
            spec, title=title, due_date=due, assign_date=min(days_of_term.nearest(spec.assign_date), due)
        )

    def _line_items(self, client: HttpClient, class_id: str) -> Iterator[Record]:
        url = address(self._root, "classes", class_id, "lineItems")
        place = f"/classes/{class_id}/lineItems"
        yield from self._list(client, Question(url, place, "lineItems", READING, may_be_absent=True))

    def _list(self, client: HttpClient, question: Question) -> Iterator[Record]:
        lists = ListReader(client, self._settings.page_size, self._settings.in_flight)
        yield from all_records(question, lists.read(question))

    def _days(self, client: HttpClient, spec: LineItemSpec) -> Days | None:
        """Return the days that the section's term and the reported one share, None when none are told."""
        one = self._one(client, "classes", spec.class_sourced_id)
        terms = one.get("terms") if one else None
        ids = [sourced_id_of(term) or "" for term in terms] if isinstance(terms, list) else []
        taught = [days for term in ids if (days := self._days_of(client, term))]
        reported = self._days_of(client, spec.session_sourced_id)
        if not taught or reported is None:
            return reported
        whole = Days(min(days.first for days in taught), max(days.last for days in taught))
        return reported.within(whole) or whole

    def _days_of(self, client: HttpClient, session: str) -> Days | None:
        record = self._one(client, "academicSessions", session) or {}
        first, end = _day(record.get("startDate")), _day(record.get("endDate"))
        return Days(first, end - timedelta(days=1)) if first and end else None

    def _one(self, client: HttpClient, collection: str, sourced_id: str) -> Record | None:
        root = self._settings.root(Service.ROSTERING)
        answer = client.send(Request("GET", address(root, collection, sourced_id), permission=READING))
        return record_of(answer.json, collection) if answer.code < 300 else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
