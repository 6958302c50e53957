"""Files of which columns are out of place, so that names stand where ids, codes and headers should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.oneroster import Version
from simulators.dataset import zip_of
from sisbridge.store import cases
from sisbridge.sync.night import sync_district
from tests.conformance.canaries import FAMILY, GIVEN, listening
from tests.support.leaks import Watch, disguise, landed, stored
from tests.support.small_region import FILES, SmallRegion, roster

NAME = f'"{FAMILY}, {GIVEN}"'.encode()


def shifted(lines: list[bytes]) -> list[bytes]:
    """Lose the first value of a row: each stands under the header of the one before."""
    return [*lines[:-1], lines[-1].partition(b",")[2]]


def headless(lines: list[bytes]) -> list[bytes]:
    """Lose the header: a person stands where the columns are named."""
    return lines[1:]


def torn(lines: list[bytes]) -> list[bytes]:
    """Break a row in two within a name."""
    return [*lines[:-1], *lines[-1].split(FAMILY[:5].encode(), 1)]


def unclosed(lines: list[bytes]) -> list[bytes]:
    """Open a quote that nothing closes."""
    return [*lines[:-1], lines[-1].replace(FAMILY.encode(), b'"' + FAMILY.encode(), 1)]


def named_by_name(lines: list[bytes]) -> list[bytes]:
    """Name a row by a person instead of an id."""
    return [*lines[:-1], NAME + b"," + lines[-1].partition(b",")[2]]


def everywhere(lines: list[bytes]) -> list[bytes]:
    """Write a name into every column of a row."""
    columns = lines[0].count(b",") + 1
    return [*lines[:-1], b",".join([NAME] * columns)]


BREAKS = (
    *(("users.csv", one) for one in (shifted, headless, torn, unclosed, named_by_name, everywhere)),
    ("enrollments.csv", everywhere),
)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Simulated SISs, for all tests of this file."""
    with SmallRegion(tmp_path_factory.mktemp("sis")) as region:
        yield region


@pytest.mark.parametrize(("name", "damage"), BREAKS)
def test_no_name_is_seen_of_a_file_whose_columns_are_out_of_place(
    region: SmallRegion, tmp_path: Path, name: str, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    package = disguise(roster()).csv_package(Version.V1P1, dated=False)
    package[name] = b"\r\n".join(damage(package[name].splitlines())) + b"\r\n"
    region.reset()
    house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(zip_of(package))
    with listening() as ear:
        outcome = sync_district(house, FILES)
    watch = Watch((), ear.heard)
    watch.note("outcome", repr(outcome))
    for where, text in (*stored(house), *landed(tmp_path / "home")):
        watch.note(where, text)
    with house.store.read() as conn:
        found = cases.open_cases(conn, FILES)
    house.close()
    assert found
    assert watch.leaks() == []
