"""What a feed shows and nobody can read: however long it stays so, nothing is taken for gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.oneroster import Version
from domain.tables import RosterTable
from simulators.dataset import zip_of
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.night import NightOutcome, sync_district
from tests.support.small_region import FILES, NOW, REST, SmallRegion, roster

Package = dict[str, bytes]
Lines = list[str]


def whole() -> Package:
    """Return the files of a good night."""
    return roster().csv_package(Version.V1P1, dated=False)


def edited(file: str, edit: Callable[[Lines], Lines]) -> Package:
    """Return the files of a night in which the lines of one are others."""
    lines = edit(whole()[file].decode().splitlines())
    return whole() | {file: "\r\n".join([*lines, ""]).encode()}


def with_line(file: str, begins: str, edit: Callable[[str], str]) -> Package:
    """Return the files of a night in which the line that begins so is another."""
    return edited(file, lambda lines: [edit(line) if line.startswith(begins) else line for line in lines])


def last_column_first(lines: Lines) -> Lines:
    """Return the lines with their id at the end, the row of one student's enrollment cut off before it."""
    turned = [",".join([*line.split(",")[1:], line.partition(",")[0]]) for line in lines]
    return [line.rpartition(",,")[0] if line.endswith("e-u0") else line for line in turned]


def night(house: House, region: SmallRegion, number: int, package: Package) -> NightOutcome:
    """Run the file district's night of a day over a package, an export of its own."""
    region.load(house, NOW + timedelta(days=number))
    manifest = package["manifest.csv"] + f"source.systemCode,{number}\r\n".encode()
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(zip_of(package | {"manifest.csv": manifest}))
    return sync_district(house, FILES)


def in_force(house: House) -> dict[RosterTable, list[str]]:
    """Return the ids in force by table."""
    with house.store.read() as conn:
        return {
            table: roster_store.rows(conn, FILES, table, ["sourced_id"]).column(0).to_pylist()
            for table in RosterTable
        }


UNREADABLE = {
    "a user's row is torn": with_line("users.csv", "u0,", lambda line: line[:20]),
    "a user's row has no id": with_line("users.csv", "u0,", lambda line: line[2:]),
    "a role is misspelt": with_line("users.csv", "u0,", lambda line: line.replace("student", "studnet")),
    "a role is blank": with_line("users.csv", "u0,", lambda line: line.replace("student", "")),
    "a role's school is nowhere": with_line("users.csv", "u0,", lambda line: line.replace(",s,", ",x,")),
    "a session's row is torn": with_line("academicSessions.csv", "t1,", lambda line: line[:8]),
    "an enrollment has no id": with_line("enrollments.csv", "e-u0,", lambda line: line[4:]),
    "an enrollment is torn before its id": edited("enrollments.csv", last_column_first),
}


@pytest.mark.parametrize("package", UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_row_that_cannot_be_read_takes_nothing_off_the_roster(
    house: House, region: SmallRegion, package: Package
) -> None:
    night(house, region, 0, whole())
    before = in_force(house)
    outcomes = [night(house, region, number, package) for number in (1, 2, 3)]
    assert {(one.state, one.counts["unexplained"]) for one in outcomes} == {("finished", 0)}
    assert not {"missing", "remove"} & outcomes[0].counts.keys()
    assert in_force(house) == before
    assert "return" not in night(house, region, 4, whole()).counts


def test_who_is_gone_still_goes_while_anothers_row_cannot_be_read(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, whole())
    package = with_line("enrollments.csv", "e-u0,", lambda line: line[4:])
    lines = package["enrollments.csv"].decode().splitlines(keepends=True)
    package["enrollments.csv"] = "".join(line for line in lines if not line.startswith("e-u5,")).encode()
    for number in (1, 2):
        night(any_house, region, number, package)
    assert in_force(any_house)[RosterTable.ENROLLMENTS] == ["e-u0", "e-u1", "e-u2", "e-u3", "e-u4"]


def test_a_delta_whose_role_cannot_be_read_takes_no_role(house: House, region: SmallRegion) -> None:
    region.load(house, NOW, delta=True)
    sync_district(house, REST)
    role = {**region.provider.dataset.get("users", "u0")["roles"][0], "role": "studnet"}  # type: ignore[index]
    region.provider.dataset.change("users", "u0", NOW + timedelta(hours=20), roles=[role])
    region.load(house, NOW + timedelta(days=1), delta=True)
    outcome = sync_district(house, REST)
    assert (outcome.counts["quarantined"], outcome.counts["changes"]) == (1, 0)
