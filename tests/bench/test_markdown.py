"""The tables of docs/performance.md are made from what was measured."""

from __future__ import annotations

from bench.markdown import page
from tests.bench.building import costs, measured


def test_every_stage_and_the_whole_night_have_a_line() -> None:
    found = page([measured(costs(1.0))]).splitlines()
    assert "| first load | pull | 10 | 1.00 | 10 | 100 |" in found
    assert "| **1 % changed** | **whole night** | **10** | **7.00** | **1** | **100** |" in found


def test_a_ratio_stands_beside_its_goal() -> None:
    found = page([measured(costs(1.5))])
    name = "row-by-row ORM merge of all tables ÷ 1 % changed without validate"
    assert f"| {name} | ≥ 100 | 10.00 |" in found


def test_growth_is_told_between_two_sizes() -> None:
    found = page([measured(costs(1.0)), measured(costs(3.0), rows=20)])
    assert "## Growth from 400 to 400 students on SQLite 3: 2.0 times the rows" in found
    assert "| first load | 3.0 |" in found
