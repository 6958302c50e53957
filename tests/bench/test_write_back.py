"""Grades are written with one call each and two lists a class, however many there are."""

from __future__ import annotations

from bench.write_back import measure

FEW = 4
"""Lists asked for once a delivery: columns of a title, categories, each with its empty second page."""


def test_a_delivery_asks_for_two_things_a_class_beside_its_grades() -> None:
    first, corrections = measure(results=100, class_size=20, latency=0.0)
    # First: each column is made, and read back. Corrections: each column is read, and read back.
    assert first.calls <= 100 + 2 * 5 + FEW
    assert corrections.calls <= 100 + 2 * 5 + FEW
