"""Against a hostile provider: the whole roster, a named error, or rows held in words; never fewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.oneroster.rest import OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from domain.clock import FixedClock
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from domain.model import Severity
from domain.oneroster import Version
from domain.tables import RosterTable
from simulators.oneroster import Dialect, Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import sync_district
from tests.conformance.canaries import truth
from tests.conformance.roster_contract import Kept, all_pages, never_silently_smaller, rows_of, whole_pull
from tests.fakes.hostile_sis import (
    HostileSis,
    Mischief,
    Record,
    empty_page,
    half_json,
    null_list,
    storm,
    telling,
    twisting,
    two_faced,
)
from tests.support.small_region import NOW, REST, SmallRegion, add_student, roster

PATHS = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")


@pytest.fixture(scope="module")
def sis() -> Iterator[HostileSis]:
    """A hostile provider of a district of nine students."""
    with HostileSis(roster(9), Version.V1P2, clock=FixedClock(NOW)) as running:
        yield running


def calm(sis: HostileSis, dialect: Dialect | None = None) -> None:
    """Bring the provider back to its best behaviour."""
    sis.behave()
    sis.faults.clear()
    sis.dialect = dialect or Dialect()


def source(sis: HostileSis) -> OneRosterRestSource:
    """Return a source that reads pages of four and gives up soon."""
    values = {
        "base_url": sis.rostering_url, "version": sis.version, "token_url": sis.token_url,
        "client_id": sis.client_id, "client_secret": sis.client_secret, "page_size": 4,
        "first_wait": 0.001, "attempts": 2, "patience": 1, "read_timeout": 1,
    }  # fmt: skip
    return OneRosterRestSource(
        DistrictCode("north"), OneRosterRestSettings.model_validate(values), clock=FixedClock(NOW)
    )


def pulled(sis: HostileSis) -> SisbridgeError | None:
    """Pull a roster; return the error it ended with, or None when nothing went missing in silence."""
    return never_silently_smaller(source(sis), truth(sis.dataset, sis.version))


def without(key: str) -> Mischief:
    return Mischief(twisting(lambda record: {name: v for name, v in record.items() if name != key}))


SPOILED = {
    "a null list": (Mischief(null_list, "users"), {"PG04"}),
    "an empty page in the middle": (Mischief(empty_page, "enrollments", times=1), {"", "PG03"}),
    "empty pages for ever": (Mischief(empty_page, "enrollments"), {"PG03"}),
    "a storm of 429": (Mischief(storm), {"CN06"}),
    "one 429": (Mischief(storm, "users", times=1), {""}),
    "half an answer": (Mischief(half_json, "users"), {"CN09"}),
    "a total too large": (Mischief(telling("99"), "users"), {"PG03"}),
    "a total too small": (Mischief(telling("5"), "users"), {"", "PG03"}),
    "a total of nothing": (Mischief(telling("0"), "users"), {"", "PG03"}),
    "a total in words": (Mischief(telling("many"), "users"), {""}),
    "a total below zero": (Mischief(telling("-1"), "users"), {""}),
    "the same id on two pages": (Mischief(two_faced, "users"), {"PG01", "PG02"}),
    "no ids": (without("sourcedId"), {"", "PG01", "PG03"}),
}


@pytest.mark.parametrize(("mischief", "codes"), SPOILED.values(), ids=list(SPOILED))
def test_a_spoiled_list_is_read_whole_or_named(sis: HostileSis, mischief: Mischief, codes: set[str]) -> None:
    calm(sis)
    sis.behave(mischief)
    error = pulled(sis)
    assert (error.code if error else "") in codes
    assert error is None or error.fix


def test_strange_ids_come_through_as_they_are(sis: HostileSis) -> None:
    calm(sis)
    strange = {f"u{number}": text for number, text in enumerate((" u0 ", "a/b", "x@y.org", "ü", "%2F"))}
    rename = twisting(lambda one: {**one, "sourcedId": strange.get(one["sourcedId"], one["sourcedId"])})
    sis.behave(Mischief(rename, "users"))
    pages, _ = whole_pull(source(sis))
    ids = {row[0] for row in rows_of(pages)["users"]}
    assert set(strange.values()) <= ids
    assert len(ids) == 9


def test_rows_without_ids_are_held_and_named_by_place(sis: HostileSis) -> None:
    calm(sis)
    sis.behave(Mischief(twisting(_nameless), "users"))
    pull = source(sis).open(None, Kept())
    pages = list(all_pages(pull))
    with suppress(SisbridgeError):
        pull.close()
    held = [one for one in pull.notices() if one.severity == Severity.HOLD_ROW]
    assert len(held) == 2
    assert all("#" in one.place and one.fix for one in held)
    assert len(rows_of(pages)["users"]) == 7


def _nameless(record: Record) -> Record:
    return {**record, "sourcedId": None} if record["sourcedId"] in ("u1", "u6") else record


NEED_MORE = (FaultKind.SLOW, FaultKind.DROPPED_KEYS, FaultKind.OTHER_VALUES)

FAULTS = st.one_of(
    st.builds(
        Fault,
        st.sampled_from([kind for kind in FaultKind if kind not in NEED_MORE]),
        path=st.sampled_from(PATHS),
        after=st.integers(0, 3),
        times=st.sampled_from([1, 2, None]),
        status=st.sampled_from([429, 500, 503, 403, 404, 401]),
        body=st.sampled_from(["standard", "html", "empty"]),
        rows=st.sampled_from([-2, -1, 1, 2]),
    ),
    st.builds(
        Mischief,
        st.sampled_from([null_list, empty_page, storm, half_json, two_faced, telling("0"), telling("7")]),
        st.sampled_from(PATHS),
        st.integers(0, 3),
        st.sampled_from([1, 2, None]),
    ),
)


def misbehave(sis: HostileSis, chosen: list[Fault | Mischief]) -> None:
    """Let the provider do all of these at once."""
    sis.behave(*(one for one in chosen if isinstance(one, Mischief)))
    sis.faults.add(*(one for one in chosen if isinstance(one, Fault)))


# Totals are told: without any, nobody can see a row that a server skips between two pages.
DIALECTS = st.builds(Dialect, page_cap=st.sampled_from([None, 2, 3]), send_link=st.booleans())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FAULTS, min_size=1, max_size=3), DIALECTS)
def test_no_sequence_of_faults_makes_a_roster_silently_smaller(
    sis: HostileSis, chosen: list[Fault | Mischief], dialect: Dialect
) -> None:
    calm(sis, dialect)
    misbehave(sis, chosen)
    error = pulled(sis)
    calm(sis)
    assert error is None or error.fix


@dataclass
class Night:
    """A house with one district behind a hostile provider, and how many nights it has seen."""

    house: House
    sis: HostileSis
    count: int = 0

    def applied(self) -> dict[str, dict[str, bytes]]:
        """Return the roster in force: id and digest of every row, by table."""
        with self.house.store.read() as conn:
            tables = {table: roster_store.keys(conn, REST, table).to_pylist() for table in RosterTable}
        return {
            table.value: {row["sourced_id"]: row["digest"] for row in rows} for table, rows in tables.items()
        }

    def edit(self) -> None:
        """Let the district enroll one more student and rename its class."""
        self.count += 1
        add_student(self.sis.dataset, f"n{self.count}", f"80000{self.count:04d}")
        self.sis.dataset.change("classes", "k", NOW, title=f"Physics {self.count}")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A district that had one good night."""
    folder = tmp_path_factory.mktemp("hostile")
    with (
        SmallRegion(folder) as region,
        HostileSis(roster(), Version.V1P2, clock=FixedClock(NOW)) as sis,
    ):
        region.provider = sis
        house = region.open(f"sqlite:///{folder / 'store.db'}", folder / "home")
        assert sync_district(house, REST).state == "finished"
        yield Night(house, sis)
        house.close()


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FAULTS, min_size=1, max_size=2))
def test_after_any_night_the_roster_is_the_providers_or_the_last_good_one(
    night: Night, chosen: list[Fault | Mischief]
) -> None:
    calm(night.sis)
    before = night.applied()
    night.edit()
    misbehave(night.sis, chosen)
    outcome = sync_district(night.house, REST)
    after = night.applied()
    calm(night.sis)
    assert sync_district(night.house, REST).state == "finished"
    provider_s = night.applied()
    assert len(provider_s["users"]) == len(night.sis.dataset.records("users"))
    assert after == (provider_s if outcome.state == "finished" else before)
    assert outcome.state == "finished" or outcome.fix


def test_unknown_codes_and_dangling_references_are_held_with_their_cases(night: Night) -> None:
    calm(night.sis)
    night.sis.behave(
        Mischief(twisting(_wizard), "enrollments"),
        Mischief(twisting(_dangling), "enrollments"),
    )
    outcome = sync_district(night.house, REST)
    rules = {case.rule for case in open_cases(night.house, REST) if case.table == "enrollments"}
    calm(night.sis)
    assert outcome.state == "finished"
    assert {"CD01", "RF01"} <= rules
    assert {"e-u1", "e-u2"} <= set(night.applied()["enrollments"])


def _wizard(record: Record) -> Record:
    return {**record, "role": "wizard"} if record["sourcedId"] == "e-u1" else record


def _dangling(record: Record) -> Record:
    if record["sourcedId"] != "e-u2":
        return record
    return {**record, "user": {"sourcedId": "nobody", "type": "user"}}
