"""A migrated store on each database, with two districts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sisbridge.store import migrations
from sisbridge.store.database import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with the newest schema and nothing in it."""
    store = Store(store_url)
    migrations.upgrade(store)
    yield store
    store.dispose()
