"""An installation whose database was restored from a backup older than what it had done since."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from tests.support.small_region import FILES, NOW, REST, SmallRegion


def restored(folder: Path, region: SmallRegion, since: Callable[[House], None]) -> House:
    """Release three grades in both districts, do something, and restore the backup made between."""
    address = f"sqlite:///{folder / 'store.db'}"
    house = region.open(address, folder / "home")
    for code in (REST, FILES):
        sync_district(house, code)
    collect_from(house, region.grade_file([f"{code},u{n},8{n}" for code in (REST, FILES) for n in range(3)]))
    for code in (REST, FILES):
        release(house, code, "tester")
    house.close()
    shutil.copy(folder / "store.db", folder / "backup.db")
    house = region.open(address, folder / "home")
    since(house)
    house.close()
    (folder / "backup.db").replace(folder / "store.db")
    return region.open(address, folder / "home")


def test_grades_sent_since_the_backup_are_found_and_never_written_over(
    tmp_path: Path, region: SmallRegion
) -> None:
    results = region.provider.dataset

    def since(house: House) -> None:
        deliver(house, REST)
        theirs = next(one for one in results.records("results") if one["student"]["sourcedId"] == "u0")
        results.change("results", theirs["sourcedId"], NOW + timedelta(hours=1), score=12.0)

    house = restored(tmp_path, region, since)
    counts = deliver(house, REST)
    assert (counts.confirmed, counts.conflict, counts.sent) == (2, 1, 0)
    assert sorted(one["score"] for one in results.records("results")) == [12.0, 81.0, 82.0]
    house.close()


def test_a_file_placed_since_the_backup_is_the_same_file_when_it_is_placed_again(
    tmp_path: Path, region: SmallRegion
) -> None:
    placed: list[tuple[str, bytes]] = []

    def files(code: DistrictCode) -> list[tuple[str, bytes]]:
        return sorted((one.name, one.read_bytes()) for one in region.sftp.inbox(code).glob("*.csv"))

    def since(house: House) -> None:
        deliver(house, FILES)
        placed.extend(files(FILES))

    house = restored(tmp_path, region, since)
    assert deliver(house, FILES).delivered == 3
    assert files(FILES) == placed
    assert len(placed) == 1
    house.close()
