"""Which of our line items stand in a gradebook, as far as one delivery has looked.

A column that does not stand holds no grade, so that nothing of it need be read before the first write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.oneroster.line_items import LineItems
from connectors.oneroster.remote_ids import RemoteIds
from domain.errors import RowRejected
from domain.grading import LineItemSpec
from domain.ids import LineItemId

Record = Mapping[str, object]
_MADE: Record = {"status": "active"}


class Columns:
    """The line items looked up, made, and found to be gone though we made them."""

    def __init__(self, ids: RemoteIds) -> None:
        self._ids = ids
        self._there: dict[LineItemId, Record | None] = {}
        self._fresh: set[LineItemId] = set()
        self._gone: set[LineItemId] = set()

    @property
    def gone(self) -> frozenset[LineItemId]:
        """Return the line items that we made and that were not there when they were looked up."""
        return frozenset(self._gone)

    def stand(self, line_items: LineItems, specs: Sequence[LineItemSpec]) -> set[LineItemId]:
        """Return the line items that stand, looking up those that have not been seen to stand."""
        self._look_up(line_items, [spec for spec in specs if self._there.get(spec.line_item_id) is None])
        return {spec.line_item_id for spec in specs if self._there[spec.line_item_id] is not None}

    def ensure(self, line_items: LineItems, specs: Sequence[LineItemSpec]) -> dict[LineItemId, RowRejected]:
        """Make what does not stand as it is wanted; return what the SIS refuses, and why."""
        self._look_up(line_items, [spec for spec in specs if spec.line_item_id not in self._fresh])
        rejected = line_items.ensure(specs, self._there)
        for number in {spec.line_item_id for spec in specs}:
            # What somebody changes from here on is seen by the next look, not by this one.
            self._fresh.discard(number)
            if number not in rejected:
                self._there[number] = self._there[number] or _MADE
        return rejected

    def _look_up(self, line_items: LineItems, specs: Sequence[LineItemSpec]) -> None:
        if not specs:
            return
        found = line_items.look_up(specs)
        self._there |= found
        self._fresh |= found.keys()
        for number, record in found.items():
            is_known = self._ids.find(number) is not None
            if record is None and is_known:
                self._gone.add(number)
                self._ids.forget(number)
            elif record is not None and not is_known:
                self._ids.learn(number, number)
