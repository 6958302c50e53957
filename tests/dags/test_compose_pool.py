"""The compose file makes what the Dags need."""

from __future__ import annotations

import re

import yaml

from tests.dags.airflow_home import REPOSITORY


def test_the_pool_of_the_dags_is_made_when_airflow_is_set_up() -> None:
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    command = " ".join(compose["services"]["airflow-init"]["command"])
    (pool,) = re.findall(r"airflow pools set (\S+) \d+", command)
    assert f'SIS_POOL = "{pool}"' in (REPOSITORY / "sisbridge/airflow/tasks.py").read_text()
