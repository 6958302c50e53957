"""A large roster is written a range of ids at a time, and comes out as if it had been written in one go."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sisbridge.house import House
from sisbridge.store import roster as stored
from sisbridge.sync.night import sync_district
from sisbridge.sync.roster import apply as applying
from sisbridge.sync.roster.spans import Span, spans
from tests.support.small_region import FILES, SmallRegion, roster


def test_few_rows_are_one_span_without_bounds() -> None:
    assert spans(pa.chunked_array([["b", "a"]]), 2) == [Span(None, None)]


def test_many_rows_are_parted_where_as_many_lie_on_either_side() -> None:
    assert spans(pa.chunked_array([["d", "a"], ["c", "b"]]), 2) == [Span(None, "c"), Span("c", None)]


@given(st.lists(st.text(max_size=2), min_size=1), st.integers(1, 5))
def test_every_id_is_in_exactly_one_span(ids: list[str], most: int) -> None:
    rows = pa.table({"sourced_id": ids})
    held = [span.holds(rows) for span in spans(rows.column("sourced_id"), most)]
    masks = [[True] * len(ids) if mask is None else mask.to_pylist() for mask in held]
    assert [sum(of_one) for of_one in zip(*masks, strict=True)] == [1] * len(ids)


def test_a_roster_written_in_spans_is_the_one_that_was_sent(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_ROWS_OF_A_SPAN", 2)
    region.drop(roster())
    first, again = sync_district(any_house, FILES), sync_district(any_house, FILES)
    assert (first.counts["changes"], again.counts["changes"]) == (first.counts["clean"], 0)
    with any_house.store.read() as conn:
        assert sum(stored.count(conn, FILES).values()) == first.counts["clean"]
