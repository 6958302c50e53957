"""A migrated store on each database, with a small region and its keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sisbridge.store import migrations
from sisbridge.store.database import Store
from sisbridge.store.sealing import Keyring
from tests.store import examples

MASTER_KEY = bytes(range(32))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with the newest schema and nothing in it."""
    store = Store(store_url)
    migrations.upgrade(store)
    yield store
    store.dispose()


@pytest.fixture
def region(store: Store) -> Store:
    """The store with two districts, one offering and one person."""
    examples.fill(store)
    return store


@pytest.fixture
def keyring(store: Store) -> Keyring:
    """The store's keys."""
    return Keyring(store, MASTER_KEY)
