"""A package of OneRoster 1.0, as still met in the field, goes through the pull."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.oneroster.conformance import Inspection
from connectors.oneroster.inspect_bundle import opened
from connectors.oneroster.inspect_csv import inspect_csv
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from tests.support.roster_csv import pull, rows, write_folder, write_zip


def package() -> dict[str, bytes]:
    """No manifest, demographics under the user's id, and a user who is inactive."""
    files = Dataset.from_csv_zip(SMALL).csv_package(Version.V1P1)
    del files["manifest.csv"]
    old = {b"sourcedId": b"userSourcedId", b"birthDate": b"birthdate"}
    for now, then in old.items():
        files["demographics.csv"] = files["demographics.csv"].replace(now, then, 1)
    files["users.csv"] = files["users.csv"].replace(b",active,", b",inactive,", 1)
    return files


@pytest.fixture(params=["zip", "folder"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return (write_zip if request.param == "zip" else write_folder)(tmp_path / "export", package())


def test_every_roster_row_of_1p0_is_pulled_as_1p1_bulk(path: Path) -> None:
    made = pull(path)
    assert (made.facts.version, made.facts.mode.value) == ("1.1", "bulk")
    assert {table: len(rows(made, table)) for table in ("users", "enrollments")} == {
        "users": 268,
        "enrollments": 1855,
    }
    assert rows(made, "users")[0]["status"] == "inactive"
    assert [notice.code for notice in made.notices()] == ["FL24"]


def test_what_1p1_changed_is_named_by_an_inspection(path: Path) -> None:
    with opened(path) as bundle:
        report: Inspection = inspect_csv(bundle, lambda where, count: None)
    found = {(one.code, one.where, one.field) for one in report.deviations}
    assert {
        ("OR-F01", "manifest.csv", ""),
        ("OR-F27", "demographics.csv", ""),
        ("OR-V25", "users.csv", "status"),
    } <= found
    assert ("OR-F18", "demographics.csv", "userSourcedId") not in found
