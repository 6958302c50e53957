"""Categories and score scales of a gradebook, which are chosen by their titles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.http import HttpClient
from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from domain.oneroster import Service

Record = Mapping[str, object]


def standing(settings: OneRosterGradebookSettings, client: HttpClient, collection: str) -> list[Record]:
    """Return the records of a gradebook's collection that have an id and were not deleted."""
    question = Question(
        url=address(settings.root(Service.GRADEBOOK), collection),
        place=f"/{collection}",
        path=collection,
        permission=READING,
        may_be_absent=True,
    )
    lists = ListReader(client, settings.page_size, settings.in_flight)
    found = all_records(question, lists.read(question))
    return [one for one in found if sourced_id_of(one) and one.get("status") != "tobedeleted"]


def titled(records: Iterable[Record], title: str) -> Iterator[Record]:
    """Yield the records of a title, whatever the case of its letters and the blanks around it."""
    for record in records:
        if str(record.get("title") or "").strip().casefold() == title.strip().casefold():
            yield record
