"""One Airflow for all tests of this folder, migrated once; it is loaded only in processes of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.airflow_home import AirflowHome, AirflowProcess


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> AirflowHome:
    """An Airflow on SQLite, migrated, for parsing and for `dag.test()`."""
    home = AirflowHome(tmp_path_factory.mktemp("airflow"))
    home.airflow("db", "migrate")
    return home


@pytest.fixture(scope="session")
def airflow_process(airflow_home: AirflowHome) -> Iterator[AirflowProcess]:
    """The one process that runs Dags with `dag.test()`."""
    process = AirflowProcess(airflow_home)
    yield process
    process.stop()


@pytest.fixture
def airflow_folder(tmp_path: Path) -> Path:
    """An empty folder for an Airflow that is started whole."""
    folder = tmp_path / "airflow"
    folder.mkdir()
    return folder
