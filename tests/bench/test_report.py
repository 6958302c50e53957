"""How measured figures are summed up: medians of runs, ratios to yardsticks, growth between sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bench.databases import CannotMeasure, empty_database
from bench.report import growth, lines, ratios, started
from bench.stages import NIGHTS, STEPS
from tests.bench.building import costs, measured


def test_a_stage_takes_the_median_of_its_runs() -> None:
    found = lines(measured(costs(1.0), costs(9.0), costs(2.0)))
    assert {line.seconds for line in found} == {2.0}


def test_a_stage_needs_the_most_memory_of_its_runs() -> None:
    found = lines(measured(costs(1.0, peak=50.0), costs(1.0, peak=70.0)))
    assert {line.peak_mib for line in found} == {70.0}


def test_lines_follow_the_order_of_the_nights() -> None:
    found = lines(measured(costs(1.0)))
    expected = [(night, step) for night in NIGHTS for step in STEPS]
    assert [(line.night, line.stage) for line in found] == expected


def test_ratios_leave_great_expectations_out() -> None:
    found = ratios(measured(costs(1.0)))
    assert found["first load without validate ÷ (pyarrow read + raw write)"] == 6 / 3


def test_the_naive_merge_is_counted_as_a_multiple_of_ours() -> None:
    found = ratios(measured(costs(1.5)))
    assert found["row-by-row ORM merge of all tables ÷ 1 % changed without validate"] == 10
    assert found["row-by-row ORM merge of the enrollments ÷ 1 % changed without validate"] == 5


def test_without_duckdb_nothing_is_compared_with_it() -> None:
    assert not [name for name in ratios(measured(costs(1.0))) if "DuckDB" in name]


def test_growth_is_told_per_night_beside_the_rows() -> None:
    found = growth(measured(costs(1.0)), measured(costs(3.0), rows=20))
    assert found == {"rows": 2.0, "first load": 3.0, "nothing changed": 3.0, "1 % changed": 3.0}


def test_starting_a_process_is_told_apart() -> None:
    assert started(measured(costs(1.0))) == 0.5


def test_a_database_that_is_in_use_is_not_measured_in(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'used.db'}"
    with sa.create_engine(url).begin() as conn:
        conn.execute(sa.text("CREATE TABLE theirs (name text)"))
    with pytest.raises(CannotMeasure, match="not empty"), empty_database(url, tmp_path):
        pass
