"""What the PostgreSQL server would write of a row into its own log: only its administrator can stop it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

_SETTINGS = {
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""What keeps rows out of the log: an error's details hold the row that failed, a parameter is a value."""

_STATEMENTS_LOGGED = "log_statement", "log_min_duration_statement", "log_min_duration_sample"
_OFF = frozenset({None, "none", "-1", "ddl"})
"""Where no statement that holds values is logged, no parameter is either."""


def telling(conn: Connection) -> dict[str, str]:
    """Return the settings by which the server's log would show rows, each with the value that stops it.

    Empty on SQLite, which has no log.
    """
    if conn.dialect.name != "postgresql":
        return {}
    found = {name: _setting(conn, name) for name in (*_SETTINGS, *_STATEMENTS_LOGGED)}
    wanted = dict(_SETTINGS)
    if all(found[name] in _OFF for name in _STATEMENTS_LOGGED):
        del wanted["log_parameter_max_length"]
    # A server that does not know a setting yet does not do what it stops.
    return {name: value for name, value in wanted.items() if found[name] not in (None, value)}


def _setting(conn: Connection, name: str) -> str | None:
    value: str | None = conn.scalar(sa.select(sa.func.current_setting(name, True)))
    return value
