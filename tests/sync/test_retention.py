"""Raw data goes after its days, a whole district when it leaves; what proves both stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.errors import ContractBroken, StopDistrict
from sisbridge.house import House
from sisbridge.store import audit, regions, snapshots
from sisbridge.store import roster as roster_store
from sisbridge.store.tables import METADATA, WITHOUT_DISTRICT
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district, sync_region
from sisbridge.sync.purge import Certificate, purge
from sisbridge.sync.retain import retain
from tests.support.small_region import FILES, NOW, REST, SmallRegion

PROOF = {"district", "district_key", "audit"}


def landed(house: House, district: str) -> dict[str, int]:
    """Return how many sealed objects lie in the landing zone, by snapshot."""
    wanted = sa.select(METADATA.tables["snapshot"].c.snapshot_id).where(
        METADATA.tables["snapshot"].c.district_code == district
    )
    with house.store.read() as conn:
        ids = list(conn.scalars(wanted))
    return {str(one): len(house.landing.names(REST, one)) for one in ids}


def rows_of(house: House, district: str) -> dict[str, int]:
    """Return how many rows of a district every table holds."""
    counts = {}
    with house.store.read() as conn:
        for name, table in METADATA.tables.items():
            if name not in WITHOUT_DISTRICT:
                column = table.c.code if name == "district" else table.c.district_code
                wanted = sa.select(sa.func.count()).select_from(table).where(column == district)
                counts[name] = conn.scalar(wanted) or 0
    return counts


def test_raw_data_past_its_days_goes_and_counts_and_hashes_stay(
    any_house: House, region: SmallRegion
) -> None:
    for days in (0, 20, 40):
        region.load(any_house, NOW + timedelta(days=days))
        assert sync_district(any_house, REST).state == "finished"
    before = landed(any_house, REST)
    assert all(before.values())
    done = retain(any_house, REST)
    after = landed(any_house, REST)
    assert (done.days, done.snapshots) == (30, 1)
    assert sorted(count == 0 for count in after.values()) == [False, False, True]
    gone = next(one for one, count in after.items() if count == 0)
    with any_house.store.read() as conn:
        facts = snapshots.load(conn, REST, gone).tables
        assert {(fact.table.value, fact.rows) for fact in facts} >= {("users", 6), ("enrollments", 6)}
        assert all(fact.sha256 for fact in facts)
        assert audit.verify(conn, REST)
    assert retain(any_house, REST).snapshots == 0


def test_a_file_that_lies_there_unchanged_is_kept_for_its_days_and_no_longer(
    any_house: House, region: SmallRegion
) -> None:
    for days in (0, 20, 40):
        region.load(any_house, NOW + timedelta(days=days))
        assert sync_district(any_house, FILES).state == "finished"
    assert (retain(any_house, FILES).snapshots, retain(any_house, FILES).snapshots) == (1, 0)


def test_what_is_in_force_stays_however_old_it_is(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.load(house, NOW + timedelta(days=400))
    assert retain(house, REST).snapshots == 0
    region.load(house, NOW + timedelta(days=500), thresholds={"year_over_days": 999})
    region.provider.dataset.add("users", {"sourcedId": "bare"}, NOW)
    assert sync_district(house, REST, rehearse=True).state == "finished"
    assert retain(house, REST).snapshots == 0


def test_quarantined_rows_go_with_their_snapshot(house: House, region: SmallRegion) -> None:
    region.provider.dataset.records("enrollments")[0]["class"]["sourcedId"] = "nowhere"
    sync_district(house, REST)
    assert rows_of(house, REST)["quarantine"] == 1
    region.load(house, NOW + timedelta(days=31), retention_days=30)
    region.provider.dataset.records("enrollments")[0]["class"]["sourcedId"] = "k"
    sync_district(house, REST)
    assert retain(house, REST).quarantined == 1
    assert rows_of(house, REST)["quarantine"] == 0


@pytest.mark.parametrize("days", [0, -1, "thirty", True, 1.5])
def test_days_that_are_no_number_delete_nothing(house: House, region: SmallRegion, days: object) -> None:
    region.load(house, retention_days=days)
    with pytest.raises(StopDistrict, match="CF71"):
        retain(house, REST)


def lived(house: House, region: SmallRegion) -> None:
    """A night and a delivery in both districts, so that every kind of row is there."""
    sync_region(house, [REST, FILES])
    collect_from(house, region.grade_file([f"{code},u0,88.5" for code in (REST, FILES)]))
    for code in (REST, FILES):
        release(house, code, "tester")
        deliver(house, code)


def test_a_purged_district_is_gone_but_for_what_proves_it(any_house: House, region: SmallRegion) -> None:
    lived(any_house, region)
    others = rows_of(any_house, FILES)
    assert rows_of(any_house, REST)["receipt"] == 1
    certified = purge(any_house, REST, "tester")
    left = {name: count for name, count in rows_of(any_house, REST).items() if count}
    assert set(left) == PROOF
    assert rows_of(any_house, FILES) == others
    assert certified.rows["roster_users"] == 6
    assert certified.landed_objects > 0
    assert certified.audit_is_whole
    assert certified.audit_records == left["audit"]
    with any_house.store.read() as conn:
        assert audit.verify(conn, REST)
        assert roster_store.count(conn, FILES)["users"] == 6
    with pytest.raises(StopDistrict, match="CF05"):
        any_house.keyring.open(REST, b"\x01" * 40, "anything")


def test_no_night_visits_a_purged_district_and_nobody_loads_it_again(
    house: House, region: SmallRegion
) -> None:
    lived(house, region)
    purge(house, REST, "tester")
    assert house.districts() == [FILES]
    with pytest.raises(StopDistrict, match="CF05"):
        sync_district(house, REST)
    with pytest.raises(StopDistrict, match="CF05"):
        region.load(house)
    with house.store.read() as conn, pytest.raises(StopDistrict, match="CF05"):
        regions.district(conn, REST)
    assert rows_of(house, REST)["run"] == 0


def test_a_purge_that_was_killed_before_the_landings_went_is_finished_by_the_next(
    house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(house, region)
    with monkeypatch.context() as patch:
        patch.setattr(type(house.landing), "delete_district", broken)
        with pytest.raises(ContractBroken, match="CF99"):
            purge(house, REST, "tester")
    assert {name for name, count in rows_of(house, REST).items() if count} == PROOF
    certified = purge(house, REST, "tester")
    assert certified.landed_objects > 0
    assert sum(certified.rows.values()) == 0
    assert certified.purged_at >= certified.key_destroyed_at
    assert certified.audit_is_whole


def broken(*_: object) -> int:
    """Stand for a file system that goes away."""
    raise ContractBroken("CF99", "The landing zone is away.")


def test_the_certificate_names_nobody_but_the_district(house: House, region: SmallRegion) -> None:
    lived(house, region)
    certified: Certificate = purge(house, REST, "tester")
    text = certified.text()
    assert "roster_users                       6" in text
    assert "Given" not in text
    assert "90000000" not in text
    assert certified.audit_hash in text


def test_a_code_that_was_never_there_is_not_purged(house: House) -> None:
    with pytest.raises(StopDistrict, match="CF02"):
        purge(house, "nowhere", "tester")  # type: ignore[arg-type]
