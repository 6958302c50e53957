"""The shape of a crosswalk: pairs of old and new sourcedIds."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from domain.tables import RosterTable

PAIRS = pa.schema(
    [("old_sourced_id", pa.string()), ("new_sourced_id", pa.string()), ("evidence", pa.string())]
)
"""The columns of a crosswalk's table."""

Crosswalk = Mapping[RosterTable, pa.Table]
"""For each table the pairs of old and new sourcedId (PAIRS); each id stands in one pair at most."""
