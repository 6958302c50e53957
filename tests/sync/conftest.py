"""A small region whose SISs run, and a house with it loaded, on SQLite unless a test asks for more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sisbridge.house import House
from tests.support.small_region import SmallRegion


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Two districts' simulated SISs, running for a whole test module."""
    with SmallRegion(tmp_path_factory.mktemp("sis")) as region:
        yield region


@pytest.fixture
def region(running: SmallRegion) -> SmallRegion:
    """The simulated SISs, brought back to where they began."""
    running.reset()
    return running


@pytest.fixture
def house(region: SmallRegion, tmp_path: Path) -> Iterator[House]:
    """A house on SQLite with the region loaded."""
    house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    yield house
    house.close()


@pytest.fixture
def any_house(region: SmallRegion, store_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with the region loaded, once on SQLite and once on PostgreSQL."""
    house = region.open(store_url, tmp_path / "home")
    yield house
    house.close()
