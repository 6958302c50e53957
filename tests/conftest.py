"""Fixtures for every test: a private PostgreSQL, and a store on each database we support."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.judged_once import remembering
from tests.support.postgres import NoPostgres, fresh_database, private_server
from validation import engine

# Before any test imports them: neither may call home, and Airflow must not look at a person's own setup.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False")

# A machine that is busy with other tests is no reason to fail one.
settings.register_profile("sisbridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sisbridge")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Spread tests over workers our own way."""
    from tests.support.spread import SpreadByFolder

    return SpreadByFolder(config, log)


@pytest.fixture(scope="session", autouse=True)
def _judged_once() -> Iterator[None]:
    """Judge the same rows by the same rules once: Great Expectations is half of a small night's time."""
    real = engine.failing
    engine.failing = remembering(real)
    yield
    engine.failing = real


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Connection string of a PostgreSQL server that lives as long as this test process."""
    server = private_server()
    try:
        conninfo = server.__enter__()
    except NoPostgres as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}")
    try:
        yield conninfo
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy address of a fresh, empty PostgreSQL database."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy address of a fresh, empty database: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
