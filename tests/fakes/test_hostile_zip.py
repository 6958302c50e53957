"""A package damaged on its way: the whole roster, a named error, or rows held in words; never fewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.oneroster.csv import OneRosterCsvSettings, OneRosterCsvSource
from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import zip_of
from tests.conformance.canaries import AT, roster, truth
from tests.conformance.roster_contract import never_silently_smaller

VERSION = Version.V1P2
FILES = roster().csv_package(VERSION)
PACKAGE = zip_of(FILES)
WHOLE = truth(roster(), VERSION)

Damage = Callable[[bytes], bytes]


def flip(at: float, bit: int) -> Damage:
    """Return the damage of one bit."""

    def damage(data: bytes) -> bytes:
        spot = int(at * len(data))
        return data[:spot] + bytes(byte ^ (1 << bit) for byte in data[spot : spot + 1]) + data[spot + 1 :]

    return damage


def cut(at: float) -> Damage:
    """Return the damage of an end that never came."""
    return lambda data: data[: int(at * len(data))]


def hole(at: float, size: int) -> Damage:
    """Return the damage of bytes that became zeros."""

    def damage(data: bytes) -> bytes:
        spot = int(at * len(data))
        return (data[:spot] + bytes(size) + data[spot + size :])[: len(data)]

    return damage


SPOTS = st.floats(0, 1, exclude_max=True)
BITS, SIZES = st.integers(0, 7), st.integers(1, 64)
DAMAGES = st.builds(flip, SPOTS, BITS) | st.builds(cut, SPOTS) | st.builds(hole, SPOTS, SIZES)


def pull_of(path: Path) -> None:
    """Pull a package: an error is one of the four with its fix, a roster is whole or says what it lacks."""
    source = OneRosterCsvSource(DistrictCode("north"), OneRosterCsvSettings(path=path), clock=FixedClock(AT))
    error = never_silently_smaller(source, WHOLE)
    assert error is None or error.fix


@settings(deadline=None, max_examples=250)
@given(st.lists(DAMAGES, min_size=1, max_size=3))
def test_no_damage_to_a_zip_makes_a_roster_silently_smaller(damages: list[Damage]) -> None:
    data = PACKAGE
    for damage in damages:
        data = damage(data)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "roster.zip"
        path.write_bytes(data)
        pull_of(path)
