"""Grades handed over for Quick Import and confirmed by PowerSchool's own export, over a whole night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from domain.grading import OutboxState
from sisbridge.store import outbox
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.powerschool_region import PowerSchoolRegion
from tests.support.small_region import FILES, REST

STORE_CODES = {"final": "S1", "progress": "P1"}


def by_quick_import(region: PowerSchoolRegion) -> dict[str, Any]:
    """Return the region file with Quick Import as the first district's route."""
    content = region.entries()
    route = content["district"][1]["grades"]
    settings = {**route["settings"], "export_name": "stored*.txt", "export_folder": "outgoing"}
    first = content["district"][0]
    first["grades"] = {**route, "kind": "powerschool_quick_import", "settings": settings}
    first["term"] = [
        {**term, "labels": {"store_code": STORE_CODES[term["kind"]], "term_id": "3501"}}
        for term in first["term"]
    ]
    return content


def test_an_export_of_stored_grades_confirms_what_a_registrar_loaded(tmp_path: Path) -> None:
    with PowerSchoolRegion(tmp_path) as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        load_entries(house, by_quick_import(region), "tester")
        keep_secret(house, REST, "sis_password", "secret", "tester")
        assert sync_district(house, REST).state == "finished"
        collect_from(house, region.grade_file([f"{REST},S{501 + n},{70 + n}.5" for n in range(3)]))
        release(house, REST, "tester")
        assert deliver(house, REST).delivered == 3
        (file,) = region.sftp.inbox(FILES).glob("*.txt")
        (region.sftp.outgoing(FILES) / "stored_0121.txt").write_bytes(file.read_bytes())
        assert sync_district(house, REST).state == "finished"
        with house.store.read() as conn:
            states = {item.state for item in outbox.items(conn, REST)}
        house.close()
    assert states == {OutboxState.CONFIRMED}
