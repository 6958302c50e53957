"""All tables of the store, as SQLAlchemy knows them; `sisbridge.store.migrations` makes them."""

from __future__ import annotations

from sisbridge.store.tables import grades, holds, identity, region, roster
from sisbridge.store.tables.base import METADATA, WITHOUT_DISTRICT

__all__ = ["METADATA", "WITHOUT_DISTRICT", "grades", "holds", "identity", "region", "roster"]
