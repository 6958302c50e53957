"""Replay and preview as a person types them: readable, and without a name in it."""

from __future__ import annotations

import json
from pathlib import Path

from sisbridge.cli.output import ExitCode
from tests.cli.test_commands import region, run, running  # noqa: F401 - fixtures
from tests.support.small_region import REST, SmallRegion

PERSONAL = ("Given", "Family", "90000000")


def test_a_mapping_edit_is_previewed_then_loaded_then_replayed(
    region: SmallRegion,  # noqa: F811
    tmp_path: Path,
) -> None:
    region.provider.dataset.records("users")[0]["grades"] = ["Sophomorish"]
    run("sync", REST)
    edit = tmp_path / "edit.toml"
    edit.write_text('[mapping.codes.grade_levels]\nSophomorish = "10"\n', encoding="utf-8")
    seen = run("preview", REST, str(edit))
    assert seen.exit_code == ExitCode.DONE
    assert "under the edit" in seen.stdout
    assert "u0" in seen.stdout
    assert not [word for word in PERSONAL if word in seen.stdout]
    rehearsed = run("replay", REST)
    assert "No row differs." in rehearsed.stdout
    applied = run("replay", REST, "--for-real", "--json")
    assert json.loads(applied.stdout)["applied"] is True


def test_a_night_that_is_not_there_ends_with_the_code_for_a_person(region: SmallRegion) -> None:  # noqa: F811
    done = run("replay", REST, "--night", "2020-01-01")
    assert done.exit_code == ExitCode.STOPPED
    assert "CF72" in done.stderr


def test_an_edit_that_is_no_toml_is_refused_by_name(region: SmallRegion, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "edit.toml").write_text("mapping = ", encoding="utf-8")
    assert run("preview", REST, str(tmp_path / "edit.toml")).exit_code == ExitCode.USAGE


def test_an_edit_of_a_setting_that_means_nothing_is_refused(region: SmallRegion, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "edit.toml").write_text("[maping]\nmonth_first_dates = true\n", encoding="utf-8")
    refused = run("preview", REST, str(tmp_path / "edit.toml"))
    assert refused.exit_code == ExitCode.STOPPED
    assert "the key 'maping' is not known (did you mean 'mapping'?)" in refused.stderr
