"""The write test of a check: only for a marked student, proven by reading back, and gone afterwards."""

from __future__ import annotations

from connectors.protocol import CheckStep
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.sync.check import check
from sisbridge.sync.night import sync_district
from tests.support.small_region import FILES, NOW, REST, SmallRegion


def tried(region: SmallRegion, house: House, student: str = "u0", **settings: object) -> dict[str, CheckStep]:
    """Sync once, mark u0 as a test student, and check with a write test."""
    assert sync_district(house, REST).state == "finished"
    region.load(house, **{"test_students": ["u0"], **settings})
    return {step.name: step for step in check(house, REST, student)["write test"].steps}


def test_a_grade_is_written_read_back_and_taken_away(region: SmallRegion, house: House) -> None:
    steps = tried(region, house)
    assert [(step.name, step.outcome) for step in steps.values()] == [
        ("test record", "passed"),
        ("nothing there", "passed"),
        ("write", "passed"),
        ("read back", "passed"),
        ("take back", "passed"),
    ]
    assert region.provider.requests["PUT results/*"] == 1
    assert [one for one in region.provider.dataset.records("results") if one["status"] == "active"] == []


def test_a_student_who_is_not_marked_is_refused_and_nothing_is_sent(
    region: SmallRegion, house: House
) -> None:
    steps = tried(region, house, "u1")
    assert [step.outcome for step in steps.values()] == ["failed", *["skipped"] * 4]
    assert steps["test record"].message.startswith("WB40: u1 is not marked")
    assert "PUT results/*" not in region.provider.requests


def test_a_marked_student_without_a_seat_is_refused(region: SmallRegion, house: House) -> None:
    steps = tried(region, house, "nobody", test_students=["nobody"])
    assert "has no seat" in steps["test record"].message


def test_a_sis_that_drops_writes_is_found_out(region: SmallRegion, house: House) -> None:
    region.provider.dialect = Dialect(drop_writes=True)
    try:
        steps = tried(region, house)
    finally:
        region.provider.dialect = Dialect()
    outcomes = {name: step.outcome for name, step in steps.items()}
    assert (outcomes["nothing there"], outcomes["write"], outcomes["take back"]) == (
        "passed",
        "failed",
        "skipped",
    )


def test_a_sis_that_refuses_writes_says_so_with_its_fix(region: SmallRegion, house: House) -> None:
    region.provider.faults.add(Fault(FaultKind.STATUS, "results/*", method="PUT", status=422, times=None))
    steps = tried(region, house)
    assert (steps["write"].outcome, bool(steps["write"].fix)) == ("failed", True)
    assert steps["write"].message.startswith("WB42")


def test_nothing_is_written_over_a_connection_that_failed_its_check(
    region: SmallRegion, house: House
) -> None:
    region.provider.dataset.change("orgs", "d", NOW, identifier="1809999")
    assert sync_district(house, REST).state == "finished"
    region.load(house, test_students=["u0"], expected_org_identifiers=["1805250"])
    (step,) = check(house, REST, "u0")["write test"].steps
    assert step.outcome == "skipped"


def test_a_file_is_made_and_not_handed_over(region: SmallRegion, house: House) -> None:
    assert sync_district(house, FILES).state == "finished"
    region.load(house, test_students=["u0"])
    steps = check(house, FILES, "u0")["write test"].steps
    assert [(step.name, step.outcome) for step in steps] == [
        ("test record", "passed"),
        ("test file", "passed"),
    ]
    assert list(region.sftp.inbox(FILES).iterdir()) == []
