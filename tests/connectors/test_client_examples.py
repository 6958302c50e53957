"""The README's examples print what it says they print, and the client stands alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.oneroster.client import OneRosterClient, OneRosterConnection, OneRosterPackage
from domain.errors import RowRejected, StopDistrict
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import RunningProvider
from simulators.oneroster.auth import Credentials

ROOT = Path(__file__).parents[2]
README = ROOT / "connectors" / "oneroster" / "README.md"
EXAMPLES = re.findall(
    r"```python\n(.*?)```\s+```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
)
KEYS = Credentials("reader", "reader-secret")


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    data = Dataset.from_csv_zip(SMALL)
    with (
        RunningProvider(data, Version.V1P1, credentials=KEYS) as old,
        RunningProvider(data.copy(), Version.V1P2, credentials=KEYS) as new,
    ):
        given = {
            "SIS_1P1_URL": old.rostering_url, "SIS_1P1_TOKEN_URL": old.token_url,
            "SIS_1P2_URL": new.rostering_url, "SIS_1P2_TOKEN_URL": new.token_url,
            "SIS_CLIENT_ID": KEYS.client_id, "SIS_CLIENT_SECRET": KEYS.client_secret,
        }  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield


def test_the_readme_has_an_example_for_rosters_grades_and_files() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
@pytest.mark.usefixtures("servers")
def test_an_example_prints_what_the_readme_says(
    code: str,
    printed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(SMALL, tmp_path / "roster.zip")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(README), "exec"), {})
    assert capsys.readouterr().out == printed


def test_the_client_needs_nothing_of_the_rest_of_the_house() -> None:
    code = "import sys, connectors.oneroster.client; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()
    loaded = {name.split(".")[0] for name in modules}
    assert "domain" in loaded
    assert not {"mappings", "validation", "sisbridge", "simulators", "dags", "pandas"} & loaded
    folders = {name.split(".")[1] for name in modules if re.match(r"connectors\.\w+\.", name)}
    assert folders == {"oneroster", "delimited"}


def test_records_a_server_refuses_to_create_are_named_by_the_first_id() -> None:
    with RunningProvider(Dataset.from_csv_zip(SMALL), Version.V1P2, credentials=KEYS) as server:
        connection = OneRosterConnection(
            base_url=server.rostering_url, token_url=server.token_url, client_id=KEYS.client_id,
            client_secret=KEYS.client_secret, scopes=("gradebook.createpost",), attempts=1,
        )  # fmt: skip
        with OneRosterClient(connection) as client, pytest.raises(RowRejected, match="WB41") as caught:
            client.create("lineItems", [{"sourcedId": "mine"}], below=("classes", "nowhere"))
    assert caught.value.key == "mine"


@pytest.mark.parametrize("version", list(Version))
def test_a_package_says_its_version_and_brings_its_rows_without_our_own_column(
    version: Version, tmp_path: Path
) -> None:
    (tmp_path / "p.zip").write_bytes(Dataset.from_csv_zip(SMALL).bulk_zip(version))
    with OneRosterPackage(tmp_path / "p.zip") as package:
        assert (package.version, "roles" in package.collections) == (version, version is Version.V1P2)
        org = next(package.all("orgs"))
    assert list(org)[:3] == ["sourcedId", "status", "dateLastModified"]
    assert "_place" not in org


def test_a_package_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(StopDistrict, match="FL04"):
        OneRosterPackage(tmp_path)
