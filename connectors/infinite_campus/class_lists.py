"""Who Campus lists in a class, asked class by class: for districts whose people without an account have no
enrollments to be seen by either.

Source: Infinite Campus knowledge base, OneRoster data models, users; public clients for `ext_basic=true`,
which trims what a class list says of a student.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.http_errors import decode_json
from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.oneroster.envelope import ids_of, records_of
from connectors.oneroster.lists import ListReader, Question
from connectors.oneroster.settings import ROSTER_SCOPES, address
from domain.oneroster import Service


def listed_students(settings: CampusRosterSettings, classes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each student of each class, and the list's place; one list a class, nothing is landed.

    Raises what `ListReader` and `HttpClient` raise.
    """
    root = settings.root(Service.ROSTERING)
    questions = [
        Question(
            url=address(root, "classes", one, "students") + "?ext_basic=true",
            place=f"/classes/{one}/students",
            path="students",
            permission="reading class lists (scope roster.readonly)",
            fields=("sourcedId",),
            may_be_absent=True,
            short=True,
        )
        for one in classes
    ]
    with settings.client(settings.authorizer((*ROSTER_SCOPES, "roster.readonly"))) as client:
        lists = ListReader(client, settings.page_size, settings.in_flight)
        for question, whole in lists.read_many(questions):
            for kept in whole.slices:
                records = records_of(decode_json(kept.body, "GET", question.url), "students", question.place)
                yield from ((person, question.place) for person in ids_of(records) if person)
