"""How tests are spread over workers: those that share something dear to make stay together.

xdist 3.8 does this by the mark `xdist_group`, but with pytest 9.2 it no longer sees its own groups
(pytest-xdist issue 1386), without a word. Here a test's path decides, which needs no mark.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/dags/", "tests/cli/test_demo.py")
"""Tests that share something dear: an Airflow, the demo's three nights."""


class SpreadByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """Give the tests that share something to one worker, and every other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((prefix for prefix in TOGETHER if nodeid.startswith(prefix)), nodeid)
