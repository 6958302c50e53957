"""A small region and a house, as whole nights need them."""

from __future__ import annotations

from tests.sync.conftest import house, region, running

__all__ = ["house", "region", "running"]
