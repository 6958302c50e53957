"""Tests that need an Airflow stay on one worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.spread import SpreadByFolder


@pytest.mark.parametrize("number", range(4))
def test_all_tests_of_this_folder_meet_one_worker(
    number: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Each worker has a base folder of its own beside the others'.
    workers = tmp_path_factory.getbasetemp()
    met = workers.parent if "PYTEST_XDIST_WORKER" in os.environ else workers
    Path(met / f"dags-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}").touch()
    assert len(list(met.glob("dags-*"))) == 1


def test_other_tests_go_wherever_a_worker_is_free() -> None:
    scope = SpreadByFolder._split_scope
    assert scope(None, "tests/store/test_a.py::test_b[x]") == "tests/store/test_a.py::test_b[x]"  # type: ignore[arg-type]
