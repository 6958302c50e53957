"""The fixtures that every store test stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.support import postgres


def test_each_store_starts_empty_and_can_be_written(store_url: str) -> None:
    engine = create_engine(store_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("create table t (x integer primary key)"))
        connection.execute(text("insert into t values (1)"))
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from t")).scalar_one() == 1
    # The engine is left open on purpose: dropping the database must not wait for it.


@pytest.mark.postgres
def test_databases_of_two_tests_do_not_meet(postgres_server: str, postgres_url: str) -> None:
    with postgres.fresh_database(postgres_server) as other:
        assert other != postgres_url
        engine = create_engine(other)
        with engine.begin() as connection:
            connection.execute(text("create table t (x integer)"))
        engine.dispose()
    with create_engine(postgres_url).connect() as connection:
        assert inspect(connection).get_table_names() == []


@pytest.fixture(scope="module")
def packaged_server() -> Iterator[str]:
    """The server from the package, as on a machine that has no PostgreSQL."""
    with postgres._packaged_server() as conninfo:
        yield conninfo


@pytest.mark.postgres
def test_the_packaged_server_serves_where_none_is_installed(packaged_server: str) -> None:
    with postgres.fresh_database(packaged_server) as url, create_engine(url).connect() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
