"""The engine: really used, complete, and never mistaken for a pass when it fails."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from domain.errors import ContractBroken
from domain.tables import RosterTable
from validation import engine
from validation.suites import grade_suite, roster_suite

ROOT = Path(__file__).parents[2]

BLOCKED = """
    import sys

    class Gone:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "great_expectations":
                raise ModuleNotFoundError(f"No module named {name!r}")

    sys.meta_path.insert(0, Gone())
"""

JUDGING = """
    from domain.errors import ContractBroken
    from domain.tables import RosterTable
    from tests.validation.building import context, grade_context, grade_rows, roster_batch
    from validation.judge import judge, judge_grades

    roster = lambda: judge(RosterTable.USERS, roster_batch(RosterTable.USERS, [{}]), context())
    grades = lambda: judge_grades(grade_rows([{}]), grade_context())
"""


def run(*parts: str) -> subprocess.CompletedProcess[str]:
    """Run Python source in a process of its own."""
    source = "".join(textwrap.dedent(part) for part in parts)
    return subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_without_great_expectations_nothing_passes() -> None:
    ended = run(
        BLOCKED,
        JUDGING,
        """
        for judging in (roster, grades):
            try:
                judging()
            except ContractBroken as error:
                print(error.code, type(error.__cause__).__name__)
            else:
                print("passed")
        """,
    )
    assert ended.stdout.split("\n")[:2] == ["CF39 ModuleNotFoundError"] * 2, ended.stderr


def test_great_expectations_is_imported_only_to_judge() -> None:
    ended = run(
        "import sys\n",
        JUDGING,
        """
        print("great_expectations" in sys.modules)
        roster()
        print("great_expectations" in sys.modules)
        """,
    )
    assert ended.stdout.split() == ["False", "True"], ended.stderr


def test_judging_is_silent_even_where_everything_is_logged() -> None:
    ended = run("import logging\nlogging.basicConfig(level=logging.INFO)\n", JUDGING, "roster()\ngrades()\n")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_rule_that_breaks_down_is_an_error_and_no_pass() -> None:
    binding = next(b for b in grade_suite({}) if b.rule.code == "GR02")
    with pytest.raises(ContractBroken, match="broke down") as broken:
        engine.failing(pd.DataFrame({binding.column: ["no", "numbers"]}), [binding])
    assert broken.value.code == "CF40"


def test_a_row_that_was_not_looked_at_is_an_error_and_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from validation.engine.expectations import ExpectPresent

    one_row = {"success": True, "result": {"element_count": 1, "unexpected_index_list": []}}
    monkeypatch.setattr(ExpectPresent, "_validate", lambda *_, **__: one_row)
    binding = next(b for b in roster_suite(RosterTable.ORGS, {}) if b.rule.code == "ID06")
    with pytest.raises(ContractBroken, match="lost rows") as broken:
        engine.failing(pd.DataFrame({"status": pd.Series(["active", "active"], dtype="str")}), [binding])
    assert broken.value.code == "CF40"


def test_a_rule_without_its_column_is_an_error_and_no_pass() -> None:
    binding = roster_suite(RosterTable.ORGS, {})[-1]
    with pytest.raises(ContractBroken, match="has no column"):
        engine.failing(pd.DataFrame({"another": ["x"]}), [binding])


def test_a_rule_bound_twice_is_judged_twice() -> None:
    binding = next(b for b in roster_suite(RosterTable.ORGS, {}) if b.rule.code == "ID06")
    frame = pd.DataFrame({"status": pd.Series(["active"], dtype="str")})
    assert engine.failing(frame, [binding]) == [[]]
    assert engine.failing(frame, [binding, binding]) == [[], []]
