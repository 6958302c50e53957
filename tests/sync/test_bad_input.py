"""Every failure of a source stops only its district, keeps the last good roster, and opens one case."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from domain.model import Case
from domain.oneroster import Version
from domain.tables import RosterTable
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import NightOutcome, sync_district, sync_region
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster

LOOSE = ["orgs.csv", "academicSessions.csv", "courses.csv", "classes.csv", "users.csv", "enrollments.csv"]


def always(kind: FaultKind, path: str = "users", **more: object) -> Fault:
    """Return a fault that strikes every time."""
    return Fault(kind, path=path, times=None, **more)  # type: ignore[arg-type]


REST_FAULTS = {
    "wrong secret": (always(FaultKind.WRONG_SECRET), "CN03"),
    "too many requests": (always(FaultKind.STATUS, status=429, retry_after="1"), "CN06"),
    "server error": (always(FaultKind.STATUS, status=500), "CN07"),
    "html instead of json": (always(FaultKind.HTML), "CN08"),
    "truncated json": (always(FaultKind.TRUNCATED), "CN09"),
    "half a body": (always(FaultKind.HALF_BODY), "CN01"),
    "no envelope": (always(FaultKind.NO_ENVELOPE), "PG04"),
    "the same page again and again": (always(FaultKind.REPEATED_PAGE), "PG01"),
}


def unchanged(house: House, before: dict[str, dict[object, int]]) -> bool:
    """Return whether both rosters of record still hold as many rows."""
    return rows(house) == before


def rows(house: House) -> dict[str, dict[object, int]]:
    """Return how many rows each roster table holds, by district."""
    with house.store.read() as conn:
        return {str(code): dict(roster_store.count(conn, code)) for code in (REST, FILES)}


def feed_cases(house: House, code: str) -> list[Case]:
    """Return the open cases of a rule."""
    return [case for case in open_cases(house) if case.rule == code]


def two_nights(house: House, break_it: Callable[[], None]) -> list[NightOutcome]:
    """Run a good night, break something, and return how the next night ended."""
    assert [outcome.state for outcome in sync_region(house, [REST, FILES])] == ["finished", "finished"]
    before = rows(house)
    break_it()
    outcomes = sync_region(house, [REST, FILES])
    assert unchanged(house, before)
    return outcomes


@pytest.mark.parametrize(("fault", "code"), REST_FAULTS.values(), ids=list(REST_FAULTS))
def test_a_rest_fault_stops_only_its_district_and_keeps_the_last_good_roster(
    house: House, region: SmallRegion, fault: Fault, code: str
) -> None:
    rest, files = two_nights(house, lambda: region.provider.faults.add(fault))
    assert (rest.state, rest.code, files.state) == ("stopped", code, "finished")
    case = feed_cases(house, code)
    assert len(case) == 1
    assert case[0].district == REST
    assert case[0].fix


def test_a_token_that_expires_in_mid_pull_is_renewed_once(house: House, region: SmallRegion) -> None:
    outcomes = two_nights(
        house, lambda: region.provider.faults.add(Fault(FaultKind.EXPIRED_TOKEN, path="classes"))
    )
    assert [outcome.state for outcome in outcomes] == ["finished", "finished"]


def test_a_single_failure_is_retried_without_a_word(house: House, region: SmallRegion) -> None:
    fault = Fault(FaultKind.STATUS, path="users", status=503, retry_after="0")
    outcomes = two_nights(house, lambda: region.provider.faults.add(fault))
    assert [outcome.state for outcome in outcomes] == ["finished", "finished"]


def test_an_unreachable_host_can_be_retried(house: House, region: SmallRegion) -> None:
    fault = Fault(FaultKind.CLOSED, path="", times=None)
    rest, _ = two_nights(house, lambda: region.provider.faults.add(fault))
    assert (rest.state, rest.code, rest.retry) == ("stopped", "CN01", True)


def test_the_case_of_a_feed_closes_by_itself_on_the_next_good_night(
    house: House, region: SmallRegion
) -> None:
    two_nights(house, lambda: region.provider.faults.add(always(FaultKind.HTML)))
    region.provider.faults.clear()
    assert sync_district(house, REST).state == "finished"
    assert open_cases(house) == []


def test_a_collection_that_is_refused_stays_as_it_is_and_the_others_go_on(
    house: House, region: SmallRegion
) -> None:
    assert sync_district(house, REST).state == "finished"
    before = rows(house)[str(REST)]
    add_student(region.provider.dataset, "u8", "900000008")
    region.provider.faults.add(always(FaultKind.STATUS, path="classes", status=403))
    assert sync_district(house, REST).state == "finished"
    after = rows(house)[str(REST)]
    assert (after["classes"], after["users"]) == (before["classes"], before["users"] + 1)
    case = feed_cases(house, "CN04")
    assert len(case) == 1
    assert "classes" in case[0].message
    assert case[0].fix


def test_field_failure_09_a_first_roster_does_without_sessions_until_they_may_be_read(
    any_house: House, region: SmallRegion
) -> None:
    region.provider.faults.add(always(FaultKind.STATUS, path="academicSessions", status=403))
    assert sync_district(any_house, REST).state == "finished"
    counts = rows(any_house)[str(REST)]
    assert (counts["academic_sessions"], counts["classes"], counts["users"]) == (0, 1, 6)
    (case,) = feed_cases(any_house, "CN04")
    assert "reading academicSessions (scope roster-core.readonly)" in case.message
    assert "No academicSessions are in force" in case.message
    region.provider.faults.clear()
    assert sync_district(any_house, REST).state == "finished"
    assert rows(any_house)[str(REST)]["academic_sessions"] > 0
    assert feed_cases(any_house, "CN04") == []
    with any_house.store.read() as conn:
        classes = roster_store.rows(conn, REST, RosterTable.CLASSES, ["term_sourced_ids"])
    assert None not in classes.column("term_sourced_ids").to_pylist()


@pytest.mark.parametrize("collection", ["orgs", "courses", "classes", "users", "enrollments"])
def test_field_failure_09_a_first_roster_stops_without_what_rows_hang_on_and_names_the_permission(
    house: House, region: SmallRegion, collection: str
) -> None:
    region.provider.faults.add(always(FaultKind.STATUS, path=collection, status=403))
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("stopped", "CN04")
    missing = f"the permission for reading {collection} (scope roster-core.readonly) is missing"
    assert missing in outcome.message


def half_zip() -> bytes:
    """Return a zip that was cut off while it was written."""
    whole = roster().bulk_zip(Version.V1P1, dated=False)
    return whole[: len(whole) // 2]


def zipped(files: dict[str, bytes]) -> bytes:
    """Return files in a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def package() -> dict[str, bytes]:
    """Return the good package as files."""
    return roster().csv_package(Version.V1P1, dated=False)


def with_users(change: Callable[[bytes], bytes]) -> bytes:
    """Return the good zip with its users.csv changed."""
    files = package()
    return zipped({**files, "users.csv": change(files["users.csv"])})


FILE_FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a half-written zip": (half_zip, "FL01"),
    "a zip of a folder": (
        lambda: zipped({f"export/{name}": data for name, data in package().items()}),
        "FL02",
    ),
    "a missing key column": (lambda: with_users(lambda data: data.replace(b"sourcedId", b"id", 1)), "FL10"),
    "a missing required column": (
        lambda: with_users(lambda data: data.replace(b"givenName", b"vorname", 1)),
        "FL10",
    ),
    "a header and no rows": (lambda: with_users(lambda data: data.splitlines(keepends=True)[0]), "FL11"),
    "a file of no bytes": (lambda: with_users(lambda data: b""), "FL11"),
}


@pytest.mark.parametrize(("make", "code"), FILE_FAULTS.values(), ids=list(FILE_FAULTS))
def test_a_bad_file_stops_only_its_district_and_keeps_the_last_good_roster(
    house: House, region: SmallRegion, make: Callable[[], bytes], code: str
) -> None:
    drop = region.sftp.outgoing(FILES) / "roster.zip"
    rest, files = two_nights(house, lambda: drop.write_bytes(make()) and None)
    assert (rest.state, files.state, files.code) == ("finished", "stopped", code)
    case = feed_cases(house, code)
    assert len(case) == 1
    assert case[0].fix


def test_a_changed_host_key_stops_the_district_and_tells_both_fingerprints(
    house: House, region: SmallRegion
) -> None:
    region.load(house)
    assert sync_district(house, FILES).state == "finished"
    pinned = region.sftp.host_key
    region.sftp.change_host_key()
    outcome = sync_district(house, FILES)
    assert (outcome.state, outcome.code) == ("stopped", "CN10")
    assert outcome.message.count("SHA256:") == 2
    assert region.sftp.host_key != pinned


@pytest.mark.parametrize(
    "encode", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"Given", b"Ren\xe9e")]
)
def test_a_byte_order_mark_or_windows_bytes_lose_nobody(
    house: House, region: SmallRegion, encode: Callable[[bytes], bytes]
) -> None:
    drop = region.sftp.outgoing(FILES) / "roster.zip"
    drop.write_bytes(with_users(encode))
    outcome = sync_district(house, FILES)
    assert outcome.state == "finished"
    with house.store.read() as conn:
        assert roster_store.count(conn, FILES)["users"] == 6


def test_duplicate_ids_with_different_content_are_held_and_the_rest_goes_on(
    house: House, region: SmallRegion
) -> None:
    def double(data: bytes) -> bytes:
        line = next(row for row in data.splitlines(keepends=True) if row.startswith(b"u1,"))
        return data + line.replace(b"Family", b"Other")

    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(with_users(double))
    outcome = sync_district(house, FILES)
    assert outcome.state == "finished"
    with house.store.read() as conn:
        assert roster_store.count(conn, FILES)["users"] == 5
    assert [case.rule for case in open_cases(house, FILES) if case.table == "users"] == ["ID02"]


def test_a_year_switched_early_stops_the_feed_unless_it_was_announced(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    dataset = region.provider.dataset
    for session in ("year", "t1"):
        dataset.change("academicSessions", session, NOW, startDate="2026-08-17", endDate="2027-06-10")
    assert sync_district(house, REST).code == "FL16"
    announced = {"from": str(NOW.date()), "to": "2026-02-01", "reason": "rollover"}
    region.load(house, rollovers=[announced])
    assert sync_district(house, REST).state == "finished"
