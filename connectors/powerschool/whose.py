"""Whose PowerSchool a connection leads to: the schools that our plugin may read, and their district."""

from __future__ import annotations

from connectors.powerschool.powerquery_reads import QueryReader
from connectors.powerschool.powerquery_rows import records_of, rows_of
from connectors.powerschool.query_list import DIALECT, QUERIES
from connectors.powerschool.settings import PowerQuerySettings, PowerSchoolConnection
from connectors.protocol import SeenOrgs
from connectors.shelf import MemoryShelf
from domain.clock import system_clock


def schools_of(connection: PowerSchoolConnection) -> SeenOrgs:
    """Return the schools behind a connection that is there for grades.

    Raises what `QueryReader.rows` raises where the plugin has no queries for rosters, which is no fault of
    a way for grades.
    """
    shared = {name: getattr(connection, name) for name in PowerSchoolConnection.model_fields}
    reader = QueryReader(PowerQuerySettings.model_validate(shared), system_clock().date())
    try:
        return schools_read(reader)
    finally:
        reader.close()


def schools_read(reader: QueryReader) -> SeenOrgs:
    """Return the schools, which prove whose PowerSchool this is; raises as `QueryReader.rows`."""
    query = QUERIES["schools"]
    whole = reader.rows(query, MemoryShelf())
    answers = (records_of(kept.body, "/schools") for kept in whole.slices)
    batches = tuple(rows_of(query, records, "/schools").batches["schools"] for records in answers)
    return SeenOrgs(DIALECT, "schools", batches)
