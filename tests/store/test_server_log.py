"""The server's own log: which of its settings would show rows, and what is asked of its administrator."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sisbridge.store import server_log
from sisbridge.store.database import Store


def telling(url: str, **settings: str) -> dict[str, str]:
    """Return what would show rows on a server with these settings."""
    store = Store(url)
    try:
        with store.begin("look") as conn:
            for name, value in {"log_error_verbosity": "terse", **settings}.items():
                conn.execute(sa.select(sa.func.set_config(name, value, True)))
            return server_log.telling(conn)
    finally:
        store.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("settings", "asked_for"),
    [
        ({}, {}),
        ({"log_error_verbosity": "default"}, {"log_error_verbosity": "terse"}),
        ({"log_statement": "ddl"}, {}),
        ({"log_statement": "mod"}, {"log_parameter_max_length": "0"}),
        ({"log_min_duration_statement": "500"}, {"log_parameter_max_length": "0"}),
        ({"log_statement": "all", "log_parameter_max_length": "0"}, {}),
        ({"log_parameter_max_length_on_error": "-1"}, {"log_parameter_max_length_on_error": "0"}),
    ],
)
def test_what_would_show_rows_is_named_with_what_stops_it(
    postgres_url: str, settings: dict[str, str], asked_for: dict[str, str]
) -> None:
    assert telling(postgres_url, **settings) == asked_for


def test_sqlite_has_no_log_to_look_at() -> None:
    store = Store("sqlite://")
    with store.read() as conn:
        assert server_log.telling(conn) == {}
    store.dispose()
