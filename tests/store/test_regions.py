"""What is saved of a region comes back as it was, and saving again replaces it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.errors import StopDistrict
from domain.grading import GradeKind
from domain.ids import DistrictCode, OfferingId, SourcedId
from domain.model import ConnectorConfig
from sisbridge.store import regions, secrets
from sisbridge.store.database import Store
from sisbridge.store.regions import TermMapping
from sisbridge.store.sealing import Keyring
from tests.store.examples import CHEMISTRY, NORTH, SOUTH, YEAR, district


def test_districts_come_back_by_code(store: Store) -> None:
    with store.begin("x") as conn:
        for one in (district(SOUTH), district(NORTH), replace(district(SOUTH), mou_approved_on=None)):
            regions.save_district(conn, one)
        assert regions.districts(conn) == [district(NORTH), replace(district(SOUTH), mou_approved_on=None)]


def test_an_unknown_district_stops_with_the_fix(store: Store) -> None:
    with store.read() as conn, pytest.raises(StopDistrict, match="no district with the code 'nroth'"):
        regions.district(conn, DistrictCode("nroth"))


def test_a_connector_is_known_by_district_and_purpose(region: Store) -> None:
    config = ConnectorConfig(
        NORTH, "roster", "oneroster_rest", {"url": "https://x", "limit": 100}, {"secret": "north"},
        datetime(2026, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    with region.begin("x") as conn:
        regions.save_connector(conn, replace(config, kind="old"))
        regions.save_connector(conn, config)
        assert regions.connector(conn, NORTH, "roster") == config
        assert regions.connector(conn, NORTH, "grades") is None
        assert regions.connector(conn, SOUTH, "roster") is None


def test_the_master_schedule_can_be_read_by_school_year(region: Store) -> None:
    next_year = replace(CHEMISTRY, offering_id=OfferingId("chem-2"), school_year="2026-2027")
    with region.begin("x") as conn:
        regions.save_offering(conn, next_year)
        assert regions.offerings(conn) == [CHEMISTRY, next_year]
        assert regions.offerings(conn, "2026-2027") == [next_year]


def test_a_crosswalk_is_replaced_whole_for_its_year(region: Store) -> None:
    with region.begin("x") as conn:
        regions.save_crosswalk(conn, NORTH, YEAR, {"0101": OfferingId("chem-1"), "9": OfferingId("chem-1")})
        regions.save_crosswalk(conn, NORTH, "2024-2025", {"OLD": OfferingId("chem-1")})
        regions.save_crosswalk(conn, NORTH, YEAR, {"0101": OfferingId("chem-1")})
        assert regions.crosswalk(conn, NORTH, YEAR) == {"0101": "chem-1"}
        assert regions.crosswalk(conn, NORTH, "2024-2025") == {"OLD": "chem-1"}
        assert regions.crosswalk(conn, SOUTH, YEAR) == {}


def test_a_crosswalk_to_no_offering_names_the_course(region: Store) -> None:
    with region.begin("x") as conn, pytest.raises(StopDistrict, match=r"CF43: Course '0101'.*'chem-9'"):
        regions.save_crosswalk(conn, NORTH, YEAR, {"0101": OfferingId("chem-9")})


def test_a_term_map_is_found_by_term_period_and_kind(region: Store) -> None:
    final = TermMapping("S1", "S1", GradeKind.FINAL, SourcedId("t-1"), "S1", "{course}", CHEMISTRY.begin_date)
    progress = TermMapping("S1", "Q1", GradeKind.PROGRESS, SourcedId("t-2"), labels={"store_code": "Q1"})
    with region.begin("x") as conn:
        regions.save_term_map(conn, NORTH, [progress])
        regions.save_term_map(conn, NORTH, [final, progress])
        found = regions.term_map(conn, NORTH)
        assert regions.term_map(conn, SOUTH) == {}
    assert found[("S1", "S1", GradeKind.FINAL)] == final
    assert found[("S1", "Q1", GradeKind.PROGRESS)] == progress


def test_a_secret_is_sealed_and_can_be_replaced(region: Store, keyring: Keyring) -> None:
    with region.begin("x") as conn:
        secrets.put(conn, keyring, NORTH, "client_secret", "old")
        secrets.put(conn, keyring, NORTH, "client_secret", "hush")
        assert secrets.resolve(conn, keyring, NORTH, "client_secret") == "hush"


def test_the_environment_goes_before_the_store(
    region: Store, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SISBRIDGE_SECRET_NORTH_CLIENT_SECRET", "from outside")
    with region.begin("x") as conn:
        secrets.put(conn, keyring, NORTH, "client-secret", "hush")
        assert secrets.resolve(conn, keyring, NORTH, "client-secret") == "from outside"


def test_a_secret_nobody_knows_says_where_to_put_it(region: Store, keyring: Keyring) -> None:
    with region.read() as conn, pytest.raises(StopDistrict, match="CF03") as raised:
        secrets.resolve(conn, keyring, SOUTH, "password")
    assert "SISBRIDGE_SECRET_SOUTH_PASSWORD" in raised.value.fix
