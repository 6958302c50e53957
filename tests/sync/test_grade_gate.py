"""The gate of grades: what a payload says, and what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from connectors import registry
from connectors.oneroster.gradebook import OneRosterGradebookSink
from domain.clock import system_clock
from domain.errors import ContractBroken, StopDistrict
from domain.grading import GradePayload, OutboxItem, Outcome, Receipt
from domain.ids import ItemId
from sisbridge.house import House
from sisbridge.store import grades as grade_store
from sisbridge.store import outbox
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.payloads import desk_of, home_roster, payload_of
from sisbridge.sync.grades.release import Released, release
from sisbridge.sync.grades.writeback import deliver, districts_with_items
from sisbridge.sync.night import sync_district, sync_region
from sisbridge.sync.region import load_entries
from tests.support.small_region import FILES, NOW, REST, SmallRegion
from tests.test_repo import ROOT

CLOSED = "The grading window of task Final in term S1 is closed in the SIS, so grades of it wait."


def test_a_payload_says_what_the_home_roster_and_the_term_map_know(house: House, region: SmallRegion) -> None:
    student = {"userIds": [{"type": "State ID", "identifier": "123456789"}], "grades": ["10"]}
    region.provider.dataset.change("users", "u0", NOW + timedelta(hours=1), **student)
    region.provider.dataset.change("classes", "k", NOW + timedelta(hours=1), classCode="PHYS-1")
    entries = region.entries()
    entries["district"][0]["term"][0]["labels"] = {"store_code": "S1", "term_id": "3501"}
    load_entries(house, entries, "tester")
    released(house, region, "88.5")
    with house.store.read() as conn:
        items = outbox.items(conn, REST)
        payload = outbox.payloads(conn, house.keyring, REST, [items[0].item_id])[items[0].item_id]
    assert payload.labels == {"label": "F1", "store_code": "S1", "term_id": "3501"}
    assert (payload.label("store_code"), payload.label("grading_task")) == ("S1", "F1")
    assert (payload.school_year, payload.grade_level, payload.class_code) == ("2026", "10", "PHYS-1")
    assert (payload.state_identifier, payload.student_identifier) == ("123456789", "900000000")
    assert (payload.course_code, payload.school_name, payload.teacher) == ("ESC-PHYS", "School", "")


def test_labels_that_are_no_texts_are_refused(house: House, region: SmallRegion) -> None:
    entries = region.entries()
    entries["district"][0]["term"][0]["labels"] = {"term_id": 3501}
    with pytest.raises(StopDistrict, match=r"CF20.*'labels' must be a table of texts"):
        load_entries(house, entries, "tester")


def test_what_the_sis_takes_no_grades_for_stays_queued_with_one_case(
    house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(house, region, "88.5", "77")
    with monkeypatch.context() as patched:
        patched.setitem(registry.GRADE_ROUTES, "oneroster_gradebook", f"{__name__}:Closed")
        counts = deliver(house, REST)
    assert (counts.queued, counts.confirmed) == (2, 0)
    (case,) = [case for case in open_cases(house, REST) if case.rule == "WB21"]
    assert case.message == CLOSED
    assert districts_with_items(house) == []
    region.load(house, NOW + timedelta(hours=7))
    assert districts_with_items(house) == [REST]
    assert deliver(house, REST).confirmed == 2
    assert open_cases(house, REST) == []


def test_a_mark_that_the_route_cannot_say_is_held_until_the_route_can(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    entries = region.entries()
    route = entries["district"][0]["grades"]["settings"]
    entries["district"][0]["grades"]["settings"] = {**route, "version": "1.1"}
    load_entries(house, entries, "tester")
    path = region.grade_file([f"{REST},u0,"])
    path.write_text(path.read_text().replace("final,,,,,", "final,,,incomplete,,"))
    collect_from(house, path)
    assert release(house, REST, "tester") == Released(held=1)
    assert [case.rule for case in open_cases(house, REST)] == ["WB22"]
    region.load(house)
    assert release(house, REST, "tester") == Released(queued=1)
    assert open_cases(house, REST) == []


def test_a_comment_that_the_route_cannot_carry_is_told_and_the_grade_leaves(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    entries = region.entries()
    route = entries["district"][0]["grades"]["settings"]
    entries["district"][0]["grades"]["settings"] = {**route, "send_comment": False}
    load_entries(house, entries, "tester")
    path = region.grade_file([f"{REST},u0,88.5"])
    path.write_text(path.read_text().replace("88.5,,,,", "88.5,,,fine work,"))
    collect_from(house, path)
    assert release(house, REST, "tester") == Released(queued=1)
    (case,) = open_cases(house, REST)
    assert (case.rule, "fine" in case.message) == ("WB26", False)
    assert deliver(house, REST).confirmed == 1


@pytest.mark.parametrize("stranger", ["record", "seat"])
def test_a_payload_of_one_district_cannot_be_made_of_anothers_grade_or_seat(
    house: House, region: SmallRegion, stranger: str
) -> None:
    sync_region(house, [REST, FILES])
    collect_from(house, region.grade_file([f"{REST},u0,88.5", f"{FILES},u0,77"]))
    with house.store.read() as conn:
        desks = [desk_of(conn, house.district(code), "route") for code in (REST, FILES)]
        ours, theirs = (grade_store.collected(conn, house.keyring, code)[0] for code in (REST, FILES))
        home = home_roster(conn, desks[0], [ours])
        seats = desks[0].seat(ours), desks[1].seat(theirs)
    assert seats[0]
    assert seats[1]
    record, seat = (theirs, seats[0]) if stranger == "record" else (ours, seats[1])
    assert payload_of(desks[0], home, ours, seats[0]).district == REST
    with pytest.raises(ContractBroken, match="CF07"):
        payload_of(desks[0], home, record, seat)


def test_payloads_are_made_in_one_place_only() -> None:
    makers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("connectors", "mappings", "sisbridge", "validation")
        for path in (ROOT / folder).rglob("*.py")
        if "GradePayload(" in path.read_text(encoding="utf-8").replace("class GradePayload(", "")
    ]
    assert makers == ["sisbridge/sync/grades/payloads.py"]


def released(house: House, region: SmallRegion, *percents: str) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u{n},{percent}" for n, percent in enumerate(percents)]))
    assert release(house, REST, "tester").queued == len(percents)


class Closed(OneRosterGradebookSink):
    """A gradebook whose grading window is closed."""

    def deliver(
        self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]
    ) -> Iterator[Receipt]:
        for item in items:
            yield Receipt(item.item_id, item.attempts, system_clock(), Outcome.WAITING, message=CLOSED)
