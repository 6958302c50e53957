"""The schema's history, and bringing a store up to date."""

from __future__ import annotations

from sisbridge.store.database import Store


def upgrade(store: Store) -> None:
    """Bring the schema up to date; does nothing, quickly, when it is."""
    raise NotImplementedError
