"""The grading tasks Campus publishes as line items, found by task, term and class.

A task is set up in Campus and never made from outside: what is not published is refused, what is closed
waits. Which line item is meant follows from title, session and the vendor's metadata.
Source: Infinite Campus knowledge base, grading services (OneRoster); public clients for the metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.http import HttpClient
from connectors.infinite_campus.settings import CampusGradebookSettings
from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.flatten import text_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.settings import ROSTER_SCOPES, address
from domain.errors import RowRejected
from domain.grading import GradePayload
from domain.ids import LineItemId
from domain.oneroster import Service

_WINDOW_OPEN = "ext_infiniteCampus_isGradingWindowOpen"
_STANDARD = "ext_infiniteCampus_isStandard"
_SESSIONS = ("academicSession", "gradingPeriod")

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """A published line item: Campus's id of it, and whether its grading window is open."""

    sourced_id: str
    is_open: bool


def task_of(payload: GradePayload) -> str:
    """Return the grading task a payload is for: the term map's label grading_task, else its label."""
    return payload.label("grading_task").strip()


def term_of(payload: GradePayload) -> str:
    """Return how people call the term a payload is for: the label term_name, else the session's id."""
    return payload.labels.get("term_name", "").strip() or payload.line_item.session_sourced_id


def find_tasks(
    settings: CampusGradebookSettings, client: HttpClient, payloads: Sequence[GradePayload]
) -> dict[LineItemId, Task | RowRejected]:
    """Return for each of our grade columns the line item it has in Campus, or why there is none.

    One list a class. Columns that would share a line item are refused, all of them: one would write over
    the other's grades. Raises what `ListReader` and `HttpClient` raise.
    """
    first = {payload.line_item.line_item_id: payload for payload in payloads}
    published = _published(settings, client, {one.line_item.class_sourced_id for one in payloads})
    terms = _term_titles(settings) if any(one.labels.get("term_name") for one in payloads) else {}
    found = {
        ours: _chosen(payload, published[payload.line_item.class_sourced_id], terms)
        for ours, payload in first.items()
    }
    return _unshared(found, first)


def published(records: Sequence[object]) -> list[Task]:
    """Return the grading tasks among some line items: those whose metadata tell of a window."""
    known = [one for one in records if isinstance(one, dict) and _is_task(one)]
    windows = [(one, one.get("metadata")) for one in known]
    return [
        Task(sourced_id_of(one) or "", _flag(one, _WINDOW_OPEN, absent=True))
        for one, metadata in windows
        if isinstance(metadata, dict) and _WINDOW_OPEN in metadata
    ]


def _published(
    settings: CampusGradebookSettings, client: HttpClient, classes: set[str]
) -> dict[str, list[Record]]:
    root = settings.root(Service.GRADEBOOK)
    questions = {
        class_id: Question(
            url=address(root, "classes", class_id, "lineItems"),
            place=f"/classes/{class_id}/lineItems",
            path="lineItems",
            permission=READING,
            may_be_absent=True,
            short=True,
        )
        for class_id in sorted(map(str, classes))
    }
    lists = ListReader(client, settings.page_size, settings.in_flight)
    owners = {id(question): class_id for class_id, question in questions.items()}
    return {
        owners[id(question)]: [one for one in all_records(question, whole) if _is_task(one)]
        for question, whole in lists.read_many(list(questions.values()))
    }


def _is_task(record: Record) -> bool:
    """Return whether a line item is live and no standard."""
    return record.get("status") != "tobedeleted" and not _flag(record, _STANDARD, absent=False)


def _flag(record: Record, name: str, *, absent: bool) -> bool:
    metadata = record.get("metadata")
    said = text_of(metadata.get(name)) if isinstance(metadata, dict) else None
    return absent if said is None else said.casefold() == "true"


def _term_titles(settings: CampusGradebookSettings) -> dict[str, str]:
    """Return the titles of the sessions by id, asked for without the vendor header: it is a roster's list."""
    plain = settings.without_vendor_header()
    with plain.client(plain.authorizer(ROSTER_SCOPES)) as client:
        question = Question(
            url=address(plain.root(Service.ROSTERING), "academicSessions"),
            place="/academicSessions",
            path="academicSessions",
            permission="reading academicSessions (scope roster-core.readonly)",
        )
        whole = ListReader(client, plain.page_size, 1).read(question)
        records = list(all_records(question, whole))
    return {sourced_id_of(one) or "": str(one.get("title") or "").strip() for one in records}


def _chosen(
    payload: GradePayload, published: Sequence[Record], terms: Mapping[str, str]
) -> Task | RowRejected:
    task = task_of(payload).casefold()
    same = [
        one
        for one in published
        if str(one.get("title") or "").strip().casefold() == task and _in_term(one, payload, terms)
    ]
    if len(same) == 1:
        return Task(sourced_id_of(same[0]) or "", _flag(same[0], _WINDOW_OPEN, absent=True))
    return _several(payload) if same else _none(payload)


def _in_term(record: Record, payload: GradePayload, terms: Mapping[str, str]) -> bool:
    sessions = {text_of(record.get(name)) for name in _SESSIONS} - {None}
    named = payload.labels.get("term_name", "").strip().casefold()
    if named:
        return named in {terms.get(one or "", "").casefold() for one in sessions}
    return payload.line_item.session_sourced_id in sessions


def _unshared(
    found: Mapping[LineItemId, Task | RowRejected], first: Mapping[LineItemId, GradePayload]
) -> dict[LineItemId, Task | RowRejected]:
    claims: dict[str, list[LineItemId]] = {}
    for ours, task in found.items():
        if isinstance(task, Task):
            claims.setdefault(task.sourced_id, []).append(ours)
    shared = {ours for claimed in claims.values() if len(claimed) > 1 for ours in claimed}
    return {ours: _shared(first[ours]) if ours in shared else task for ours, task in found.items()}


def closed_words(payload: GradePayload) -> tuple[str, str]:
    """Return what is said, and the fix, of a grade whose window is closed: task and term, nobody's name."""
    return (
        f"The grading window of the task {task_of(payload)!r} in the term {term_of(payload)!r} is closed in"
        " Campus, so its grades wait",
        "Ask the registrar to open it (Grading & Standards > Grading Window); the grades then go on",
    )


def _none(payload: GradePayload) -> RowRejected:
    return _refused(
        "WB50",
        f"Campus publishes no task {task_of(payload)!r} in the term {term_of(payload)!r} for this class",
        "Have the task put on the course with that term in its mask (Course > Grading Tasks), or correct the"
        " labels grading_task and term_name of the term map",
        payload,
    )


def _several(payload: GradePayload) -> RowRejected:
    return _refused(
        "WB51",
        f"Campus publishes more than one line item for the task {task_of(payload)!r} in the term"
        f" {term_of(payload)!r} of this class",
        "Have the double one removed in Campus, or give the term map a more exact grading_task",
        payload,
    )


def _shared(payload: GradePayload) -> RowRejected:
    return _refused(
        "WB52",
        f"Two of our grade columns are bound to the one task {task_of(payload)!r} in the term"
        f" {term_of(payload)!r}, so that one would write over the other",
        "Give each reporting period its own grading_task or term_name in the term map",
        payload,
    )


def _refused(code: str, message: str, fix: str, payload: GradePayload) -> RowRejected:
    spec = payload.line_item
    place = f"/classes/{spec.class_sourced_id}/lineItems"
    return RowRejected(code, message, key=spec.line_item_id, fix=fix, place=place)
