"""Rows that a delta's filter should have left out, by when a SIS says they were modified."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.oneroster.sift import is_since

SINCE = datetime(2026, 1, 20, 6, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "stays"),
    [
        ("2026-01-20T06:17:00.000Z", True),
        ("2026-01-20T06:16:59.999Z", False),
        ("2026-01-20T06:17:00.123456789Z", True),
        ("2026-01-20T01:17:00-05:00", True),
        ("2026-01-20T08:16:00+02:00", False),
        ("2026-01-20T01:30:00", True),  # half past one by a clock five hours behind UTC
        ("2026-01-20", True),
        ("2026-01-19", True),  # until noon of the 20th in UTC, where clocks are behind the most
        ("2026-01-18", False),
        ("01/20/2026", True),
        ("", True),
        (None, True),
    ],
)
def test_a_row_is_left_out_only_when_it_was_surely_modified_before(told: str | None, stays: bool) -> None:
    assert is_since(told, SINCE) is stays
