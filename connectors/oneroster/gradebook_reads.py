"""Reading back what a gradebook holds: one list per class, not one request per student."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.http import HttpClient
from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.flatten import text_of
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.remote_ids import RemoteIds
from connectors.oneroster.results import GradebookForm
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from domain.errors import StopDistrict
from domain.grading import GradePayload, RemoteGrade
from domain.ids import ItemId
from domain.oneroster import Service

READING = "reading grades (scope gradebook.readonly)"

Cell = tuple[str | None, str | None]
Record = Mapping[str, object]


class GradebookReads:
    """Finds the results that stand where our grades stand or will stand."""

    def __init__(
        self, settings: OneRosterGradebookSettings, form: GradebookForm, client: HttpClient, ids: RemoteIds
    ) -> None:
        self._form = form
        self._reads_comments = settings.send_comment
        self._ids = ids
        self._root = settings.root(Service.GRADEBOOK)
        self._lists = ListReader(client, settings.page_size, settings.in_flight)

    def current(self, payloads: Sequence[GradePayload]) -> dict[ItemId, RemoteGrade | None]:
        """Return for each item what stands in its line item for its student, whoever wrote it."""
        cells = self._cells(payloads)
        return {payload.item_id: self._remote(payload, cells) for payload in payloads}

    def used_line_items(self, payloads: Sequence[GradePayload]) -> set[str | None]:
        """Return the line items in the payloads' classes that hold a live result, whoever wrote it."""
        return {line_item for line_item, _ in self._cells(payloads)}

    def _remote(self, payload: GradePayload, cells: Mapping[Cell, Record]) -> RemoteGrade | None:
        record = cells.get((self._ids.of(payload.line_item.line_item_id), payload.student))
        value = self._form.value_of(record, payload.line_item) if record else None
        if record is None or value is None:
            return None
        # A server that leaves the field out of its answer does not say that there is no comment.
        comment = str(record["comment"] or "") if "comment" in record else None
        return RemoteGrade(value, sourced_id_of(record) or "", comment if self._reads_comments else None)

    def _cells(self, payloads: Sequence[GradePayload]) -> dict[Cell, Record]:
        """Return the live result of each line item and student; of several, the last modified."""
        cells: dict[Cell, Record] = {}
        for record in self._records(payloads):
            cell = (text_of(record.get("lineItem")), text_of(record.get("student")))
            if record.get("status") != "tobedeleted" and _age(record) >= _age(cells.get(cell, {})):
                cells[cell] = record
        return cells

    def _records(self, payloads: Sequence[GradePayload]) -> list[Record]:
        try:
            return list(self._read(self._per_class(payloads)))
        except StopDistrict as error:
            if error.code != "CN05":
                raise
        # No such list, or a class that is gone: ask per line item, where "not there" means "no grades".
        return list(self._read(self._per_line_item(payloads)))

    def _read(self, questions: Sequence[Question]) -> Iterator[Record]:
        for question, whole in self._lists.read_many(questions):
            yield from all_records(question, whole)

    def _per_class(self, payloads: Sequence[GradePayload]) -> list[Question]:
        items: dict[str, list[str]] = {}
        for payload in payloads:
            spec = payload.line_item
            items.setdefault(spec.class_sourced_id, []).append(self._ids.of(spec.line_item_id))
        return [
            Question(
                url=address(self._root, "classes", class_id, "results"),
                place=f"/classes/{class_id}/results",
                path="results",
                permission=READING,
                filter=f"lineItem.sourcedId='{found[0]}'" if len(set(found)) == 1 else "",
                short=True,
            )
            for class_id, found in items.items()
        ]

    def _per_line_item(self, payloads: Sequence[GradePayload]) -> list[Question]:
        specs = [one.line_item for one in payloads]
        items = {(spec.class_sourced_id, self._ids.of(spec.line_item_id)) for spec in specs}
        return [
            Question(
                url=address(self._root, "classes", class_id, "lineItems", line_item, "results"),
                place=f"/classes/{class_id}/lineItems/{line_item}/results",
                path="results",
                permission=READING,
                may_be_absent=True,
                short=True,
            )
            for class_id, line_item in sorted(items)
        ]


def _age(record: Record) -> tuple[str, str]:
    return (str(record.get("dateLastModified") or ""), str(record.get("sourcedId") or ""))
