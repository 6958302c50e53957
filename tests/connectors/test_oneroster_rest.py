"""Whole pulls and checks against the simulated provider, in its dialects and with its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from connectors.oneroster.fields import SOURCE_TABLES
from connectors.oneroster.rest import OneRosterRestPull, OneRosterRestSource
from connectors.protocol import Cursor
from domain.clock import FixedClock
from domain.errors import SisbridgeError
from domain.model import Mode
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, Fault, FaultKind, RunningProvider
from tests.support.rest import AT, Kept, ids, source

OLD, NEW = Version.V1P1, Version.V1P2
SIZES = {"orgs": 4, "academicSessions": 2, "courses": 91, "classes": 119, "users": 268, "enrollments": 1855}
Start = Callable[..., RunningProvider]
Begin = Callable[..., OneRosterRestPull]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset.from_csv_zip(SMALL)


@pytest.fixture
def start(data: Dataset) -> Iterator[Start]:
    with ExitStack() as stack:

        def go(version: Version = NEW, dialect: Dialect | None = None, dataset: Dataset | None = None) -> Any:
            made = RunningProvider(dataset or data, version, dialect=dialect, clock=FixedClock(AT))
            return stack.enter_context(made)

        yield go


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Return a function that begins a pull; whatever is still open when the test ends is closed."""
    with ExitStack() as stack:

        def go(
            made: OneRosterRestSource, since: datetime | None = None, landing: Kept | None = None
        ) -> OneRosterRestPull:
            pull = made.open(since, landing or Kept())
            stack.callback(_close, pull)
            return pull

        yield go


def _close(pull: OneRosterRestPull) -> None:
    with suppress(SisbridgeError):
        pull.close()


def pulled(provider: RunningProvider, **changes: object) -> dict[str, list[str]]:
    pull = source(provider, **changes).open(None, Kept())
    found = ids(pull)
    pull.close()
    return found


def failure(provider: RunningProvider, **changes: object) -> SisbridgeError:
    with pytest.raises(SisbridgeError) as caught:
        pulled(provider, **changes)
    assert caught.value.fix
    return caught.value


DIALECTS = {
    "by the book": Dialect(),
    "clamped without totals": Dialect(page_cap=60, send_total=False, send_link=False),
    "clamped with totals": Dialect(page_cap=60, send_link=False),
    "links only": Dialect(page_cap=60, send_total=False),
    "page size as total": Dialect(page_cap=60, counted="page"),
    "no sort": Dialect(reject_sort=True),
    "no fields": Dialect(ignore_fields=True),
    "nulls and booleans": Dialect(nulls="null", booleans="json", hrefs="relative"),
    "empty texts": Dialect(nulls="empty"),
    "status beside data": Dialect(status_info_on_success=True, expires_in_text=True),
}


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_every_record_is_read_once_in_every_dialect(
    start: Start, data: Dataset, version: Version, dialect: Dialect
) -> None:
    found = pulled(start(version, dialect))
    assert {name: len(set(found[name])) for name in SIZES} == SIZES
    assert {name: len(found[name]) for name in SIZES} == SIZES
    assert ("roles" in found) is (version is NEW)


def test_facts_name_users_and_their_pages_bring_the_roles(start: Start, begin: Begin) -> None:
    pull = begin(source(start()))
    assert (pull.facts.mode, pull.facts.version, pull.facts.as_of) == (Mode.BULK, "1.2", AT)
    assert pull.facts.source_tables == tuple(SIZES)
    assert [page.source_table for page in pull.pages("users")] == ["users", "roles"]


def test_pages_prove_themselves_and_land_their_bytes(start: Start, begin: Begin) -> None:
    landing = Kept()
    pull = begin(source(start(), page_size=100), None, landing)
    proofs = [page.proof for page in pull.pages("classes")]
    assert [(one.number, one.rows, one.total, one.next) for one in proofs] == [
        (1, 100, 119, Cursor(2, 100)),
        (2, 19, 119, None),
    ]
    first, second = landing.kept("classes/at-")
    assert (first, second) == (
        "classes/at-000000000.rows-100.of-119.json",
        "classes/at-000000100.rows-19.of-119.json",
    )
    assert len(orjson.loads(landing.files[second])["classes"]) == 19


def test_a_row_tells_where_it_came_from(start: Start, begin: Begin) -> None:
    pull = begin(source(start(), page_size=100))
    last = list(pull.pages("classes"))[-1].batch
    assert last.column("_place")[0].as_py() == "/classes?offset=100#1"


def test_only_the_fields_needed_are_asked_for(start: Start) -> None:
    provider = start()
    pulled(provider)
    asked = next(url for url in provider.urls if "/users?" in url and "fields" in url)
    assert "userMasterIdentifier" in asked
    assert "password" not in asked
    assert "phone" not in asked


def test_no_demographics_are_asked_for_unless_they_are_turned_on(start: Start) -> None:
    provider = start()
    pulled(provider)
    assert not [url for url in provider.urls if "demographics" in url]


def test_a_delta_asks_for_what_changed_since_and_may_be_empty(
    start: Start, begin: Begin, data: Dataset
) -> None:
    changed = data.copy()
    one = changed.records("users")[0]["sourcedId"]
    changed.change("users", one, AT, givenName="New")
    provider = start(NEW, Dialect(counted="all"), changed)
    pull = begin(source(provider), datetime(2026, 2, 1, tzinfo=UTC))
    found = ids(pull)
    pull.close()
    assert (pull.facts.mode, found["users"], found["classes"]) == (Mode.DELTA, [one], [])


def test_an_empty_collection_is_one_page_without_rows(start: Start, begin: Begin) -> None:
    pull = begin(source(start(NEW, None, Dataset())))
    pages = list(pull.pages("courses"))
    assert [(page.batch.num_rows, page.proof.total, page.proof.next) for page in pages] == [(0, 0, None)]


def test_a_missing_collection_is_never_an_empty_roster(start: Start) -> None:
    provider = start()
    error = failure(provider, base_url=provider.base_url + "/ims/oneroster/rostering/v9")
    assert (error.code, "base_url" in error.fix) == ("CN05", True)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(FaultKind.STATUS, status=403, path="enrollments"), "CN04"),
        (Fault(FaultKind.STATUS, status=429, retry_after="60", times=None), "CN06"),
        (Fault(FaultKind.STATUS, status=500, body="html", times=None), "CN07"),
        (Fault(FaultKind.HTML, path="users"), "CN08"),
        (Fault(FaultKind.TRUNCATED, path="users", times=None), "CN09"),
        (Fault(FaultKind.HALF_BODY, path="users", times=None), "CN01"),
        (Fault(FaultKind.RESET, path="users", times=None), "CN01"),
        (Fault(FaultKind.WRONG_SECRET, times=None), "CN03"),
        (Fault(FaultKind.NO_ENVELOPE, path="classes"), "PG04"),
        (Fault(FaultKind.REPEATED_PAGE, path="users", times=None), "PG01"),
    ],
)
def test_a_lasting_fault_stops_the_pull_with_its_code(start: Start, fault: Fault, code: str) -> None:
    provider = start(NEW, Dialect(page_cap=100))
    provider.faults.add(fault)
    assert failure(provider).code == code


PASSING = [
    Fault(FaultKind.STATUS, status=429, retry_after="0", times=2),
    Fault(FaultKind.STATUS, status=503, times=2),
    Fault(FaultKind.TRUNCATED, path="users"),
    Fault(FaultKind.HALF_BODY, path="users"),
    Fault(FaultKind.RESET, path="users"),
    Fault(FaultKind.EXPIRED_TOKEN, path="users", after=1),
    Fault(FaultKind.SHIFTED_PAGE, path="users", rows=-3),
    Fault(FaultKind.DOUBLED_ROW, path="users"),
]
# Rows skipped by a server that tells no total cannot be known.
SKIPPING = Fault(FaultKind.SHIFTED_PAGE, path="users", rows=3)
BOTH_WAYS = [(fault, totals) for fault in PASSING for totals in (True, False)]


@pytest.mark.parametrize(("fault", "totals"), [*BOTH_WAYS, (SKIPPING, True)])
def test_a_passing_fault_costs_no_row(start: Start, fault: Fault, totals: bool) -> None:
    provider = start(NEW, Dialect(page_cap=50, send_total=totals, send_link=False))
    provider.faults.add(fault)
    assert len(set(pulled(provider)["users"])) == SIZES["users"]


def test_a_roster_that_grew_while_it_was_read_is_not_believed(
    start: Start, begin: Begin, data: Dataset
) -> None:
    growing = data.copy()
    pull = begin(source(start(NEW, None, growing)))
    ids(pull)
    growing.add("courses", {"sourcedId": "late", "title": "Late"}, AT)
    with pytest.raises(SisbridgeError, match="PG03: /courses changed"):
        pull.close()


def test_dropped_ids_hold_their_rows_by_place(start: Start, begin: Begin) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.DROPPED_KEYS, path="orgs", keys=("sourcedId",)))
    pull = begin(source(provider))
    assert sum(page.batch.num_rows for page in pull.pages("orgs")) == 0
    assert [note.place for note in pull.notices()] == [f"/orgs?offset=0#{number}" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(("path", "served"), [(NEW, OLD), (OLD, NEW)])
def test_users_in_the_other_versions_shape_keep_their_roles(
    start: Start, begin: Begin, path: Version, served: Version
) -> None:
    provider = start(served)
    pull = begin(source(provider, version=path, scopes=()))
    batches = {page.source_table: page.batch for page in pull.pages("users")}
    roles = batches["roles"] if path is NEW else batches["users"]
    assert roles.column("role").null_count == 0
    assert [note.code for note in pull.notices()] == ["CF55"]


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_oauth1_signs_what_the_server_sees(start: Start, digest: str) -> None:
    found = pulled(start(OLD), auth="oauth1", oauth1_digest=digest)
    assert len(found["users"]) == SIZES["users"]


def test_a_good_server_passes_every_step(start: Start) -> None:
    report = source(start(NEW, Dialect(page_cap=60))).check()
    assert report.passed
    assert [step.name for step in report.steps] == [
        "name resolution", "connection", "token", "address", "scope", *SOURCE_TABLES, "demographics",
        "page cap", "clock", "changes",
    ]  # fmt: skip
    said = {step.name: step.message for step in report.steps}
    assert said["demographics"] == "off"
    assert said["page cap"].startswith("asked for 500 rows at once, got 60")
    assert said["changes"].startswith("all enrollments changed at one moment")


def test_a_check_tells_whether_changes_can_be_asked_for(start: Start) -> None:
    changed = Dataset.from_csv_zip(SMALL)
    changed.change("enrollments", changed.records("enrollments")[0]["sourcedId"], AT)
    said = {step.name: step.message for step in source(start(dataset=changed)).check().steps}
    assert said["changes"] == "enrollments say when they changed, and can be asked for by it"


def test_a_check_brings_the_orgs_that_prove_whose_server_it_is(start: Start) -> None:
    seen = source(start()).check().orgs
    assert seen is not None
    assert (seen.version, seen.source_table) == ("1.2", "orgs")
    assert sum(batch.num_rows for batch in seen.batches) == SIZES["orgs"]


@pytest.mark.parametrize(
    ("fault", "step", "fix"),
    [
        (Fault(FaultKind.WRONG_SECRET), "token", "client id and secret"),
        (Fault(FaultKind.STATUS, status=403, path="enrollments"), "enrollments", "reading enrollments"),
        (Fault(FaultKind.HTML, path="orgs"), "address", "sign-in or maintenance page"),
    ],
)
def test_a_check_names_the_thing_to_mend(start: Start, fault: Fault, step: str, fix: str) -> None:
    provider = start()
    provider.faults.add(fault)
    failed = [one for one in source(provider).check().steps if one.outcome == "failed"]
    assert [one.name for one in failed] == [step]
    assert fix in failed[0].fix


def test_a_check_of_an_unknown_host_says_so(start: Start) -> None:
    report = source(start(), base_url="https://sis.invalid/ims/oneroster/v1p1").check()
    assert [one.outcome for one in report.steps][:2] == ["failed", "skipped"]
    assert "CN01" in report.steps[0].message
