"""PowerSchool's exports as files: however they are written, the canonical roster is the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.powerschool.files import FILES, PowerSchoolFilesSettings
from connectors.protocol import RosterSource
from domain.tables import PLACE, RosterTable
from mappings.adapting import adapted
from mappings.maps import maps_for
from mappings.normalize import normalize
from simulators.powerschool import Tables
from simulators.sftp import RunningSftp
from tests.conformance.canaries import AT, roster
from tests.conformance.roster_contract import whole_pull
from tests.conformance.roster_scenes import write_files
from tests.field_failures.pulls import failed_step, failure
from tests.support.powerschool import power_query, running
from tests.support.powerschool_files import by_files, exported, positional
from tests.support.sftp import USER, reach, sftp_server

Canonical = dict[RosterTable, set[tuple[str | None, ...]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path_factory.mktemp("sftp")) as running_server:
        yield running_server


@pytest.fixture
def drop(server: RunningSftp) -> Path:
    return server.outgoing(USER)


def canonical(source: RosterSource) -> Canonical:
    """Return the canonical roster that a pull comes to; what no export of the tests holds is left out."""
    maps = maps_for("powerschool")
    found: Canonical = {}
    for page in whole_pull(source)[0]:
        for name, part in adapted(maps, page.source_table, page.batch).parts:
            for made in normalize(maps, name, part):
                rows = found.setdefault(made.table, set())
                bare = made.batch.drop_columns([PLACE, *_UNTOLD.get(made.table, ())])
                rows |= {tuple(row.values()) for row in bare.to_pylist()}
    return found


_UNTOLD = {RosterTable.USERS: ["username", "email"]}


def as_queried() -> Canonical:
    """Return the canonical roster of the kit's data set by query, without the teacher of the section."""
    with running(roster()) as sis:
        found = canonical(power_query(sis))
    found[RosterTable.ENROLLMENTS] = {row for row in found[RosterTable.ENROLLMENTS] if "student" in row}
    return found


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"delimiter": ",", "encoding": "cp1252"},
        {"encoding": "utf-16"},
        {"delimiter": "|", "encoding": "mac-roman"},
    ],
)
def test_tabs_commas_prefixed_headers_and_any_character_set_bring_the_same_roster(
    server: RunningSftp, drop: Path, style: dict[str, Any]
) -> None:
    write_files(drop, exported(Tables.from_dataset(roster()), **style))
    assert canonical(by_files(server)) == as_queried()


def test_files_without_a_header_are_read_by_position(server: RunningSftp, drop: Path) -> None:
    write_files(drop, exported(Tables.from_dataset(roster()), delimiter=",", header=False))
    assert canonical(by_files(server, files=positional(","))) == as_queried()


def test_headers_with_a_table_number_are_the_same_columns(server: RunningSftp, drop: Path) -> None:
    files = exported(Tables.from_dataset(roster()))
    files["cc.txt"] = files["cc.txt"].replace(b"CC.SCHOOLID", b"[4]SchoolID")
    write_files(drop, files)
    assert canonical(by_files(server)) == as_queried()


def test_an_export_without_teachers_is_a_whole_roster(server: RunningSftp, drop: Path) -> None:
    files = exported(Tables.from_dataset(roster()))
    del files["teachers.txt"]
    write_files(drop, files)
    assert len(canonical(by_files(server))[RosterTable.ENROLLMENTS]) == 9


def test_a_missing_export_is_named_with_the_menus_to_look_at(server: RunningSftp, drop: Path) -> None:
    files = exported(Tables.from_dataset(roster()))
    del files["cc.txt"]
    write_files(drop, files)
    assert failure(by_files(server)).code == "FL04"
    step = failed_step(by_files(server).check())
    assert (step.name, "AutoSend" in step.fix) == ("expected files", True)


def test_last_nights_export_is_noticed_because_an_hour_set_for_minute_00_is_any_time_in_it(
    server: RunningSftp, drop: Path
) -> None:
    write_files(drop, exported(Tables.from_dataset(roster())))
    usual = PowerSchoolFilesSettings.model_validate(reach(server)).stale_after_hours
    for path in drop.iterdir():
        made = (AT - timedelta(hours=25)).timestamp()
        os.utime(path, (made, made))
    _, pull = whole_pull(by_files(server, stale_after_hours=usual))
    assert "FL05" in {notice.code for notice in pull.notices()}


def test_a_missing_column_is_named_as_powerschool_does(server: RunningSftp, drop: Path) -> None:
    files = exported(Tables.from_dataset(roster()))
    files["cc.txt"] = files["cc.txt"].replace(b"CC.SECTIONID", b"CC.OTHER")
    write_files(drop, files)
    error = failure(by_files(server))
    assert (error.code, "SectionID" in error.message) == ("FL10", True)


def test_what_a_district_does_not_say_of_a_file_stays_as_usual(server: RunningSftp) -> None:
    values = {**reach(server), "files": {"cc": {"name": "schedules_*.txt", "delimiter": "\t"}}}
    made = PowerSchoolFilesSettings.model_validate(values).layout()
    assert (made.files["cc"].name, made.files["cc"].required) == ("schedules_*.txt", FILES["cc"].required)
    assert made.files["students"] == FILES["students"]


def test_a_table_that_is_none_is_refused(server: RunningSftp) -> None:
    with pytest.raises(ValueError, match="unknown tables attendance"):
        PowerSchoolFilesSettings.model_validate({**reach(server), "files": {"attendance": {"name": "a*"}}})
