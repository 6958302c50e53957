"""How tests are spread over workers: those that need an Airflow stay together, one Airflow at a time.

xdist 3.8 does this by the mark `xdist_group`, but with pytest 9.2 it no longer sees its own groups
(pytest-xdist issue 1386), without a word. Here a test's folder decides, which needs no mark.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

AIRFLOW_TESTS = "tests/dags/"


class SpreadByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """Give all of `tests/dags` to one worker, and every other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return AIRFLOW_TESTS if nodeid.startswith(AIRFLOW_TESTS) else nodeid
