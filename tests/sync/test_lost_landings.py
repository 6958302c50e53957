"""Landings that went away between two stages, or before a replay: no empty roster, no lost change."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import ContractBroken
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.store import private, roster, runs, snapshots
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import begin, step, sync_district
from sisbridge.sync.roster.replay import rehearse, replay
from tests.support.small_region import NOW, REST, SmallRegion


def lose(house: House, snapshot_id: SnapshotId, beginning: str) -> None:
    """Delete what lies in the landing of a snapshot under names that begin so."""
    for name in house.landing.names(REST, snapshot_id, beginning):
        house.landing.delete(REST, snapshot_id, name)


def snapshot_of(house: House, run_id: RunId) -> SnapshotId:
    """Return the snapshot that a run landed."""
    with house.store.read() as conn:
        return SnapshotId(runs.get(conn, REST, run_id).snapshot_id or "")


def family_names(house: House) -> set[str | None]:
    """Return the family names in force."""
    with house.store.read() as conn:
        return set(roster.rows(conn, REST, RosterTable.USERS, ["family_name"]).column(0).to_pylist())


def test_a_delta_whose_pages_went_away_is_no_delta_without_changes(
    any_house: House, region: SmallRegion
) -> None:
    region.load(any_house, delta=True)
    sync_district(any_house, REST)
    region.provider.dataset.change("users", "u0", NOW + timedelta(hours=9), familyName="Changed")
    region.load(any_house, NOW + timedelta(days=1), delta=True)
    run_id = begin(any_house, REST)
    step(any_house, REST, run_id, "pull")
    lose(any_house, snapshot_of(any_house, run_id), "pages/users")
    with pytest.raises(ContractBroken, match=r"CF08: .* 0 of the 6 rows of users .* 9101") as refused:
        step(any_house, REST, run_id, "normalize")
    assert "SISBRIDGE_LANDING_URL" in refused.value.fix
    region.load(any_house, NOW + timedelta(days=2), delta=True)
    assert sync_district(any_house, REST).state == "finished"
    assert "Changed" in family_names(any_house)


@pytest.mark.parametrize("beginning", ["", "pages/enrollments", "pages/users/end"])
@pytest.mark.parametrize("again", [rehearse, lambda house, code: replay(house, code, "tester")])
def test_a_night_whose_landing_went_away_is_not_replayed_as_an_empty_feed(
    house: House, region: SmallRegion, beginning: str, again: Callable[[House, DistrictCode], object]
) -> None:
    sync_district(house, REST)
    with house.store.read() as conn:
        pulled = snapshots.of_night(conn, REST)
    assert pulled is not None
    lose(house, pulled.snapshot_id, beginning)
    with pytest.raises(ContractBroken, match=r"CF08: .* 0 of the \d rows of"):
        again(house, REST)


def test_a_disk_without_room_is_called_so_and_the_night_goes_on_once_there_is(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(private, "write", full)
        outcome = sync_district(any_house, REST)
    assert (outcome.state, outcome.code, outcome.retry) == ("stopped", "CF16", True)
    assert outcome.message == "The landing zone cannot be used for district 9101: No space left on device."
    assert "SISBRIDGE_LANDING_URL" in outcome.fix
    assert sync_district(any_house, REST).state == "finished"
    assert open_cases(any_house, REST) == []
