"""The named queries by which the routes for grades look up students, sections and what stands there.

One question answers for a whole course of a school year, not one for each student. Every row says how many
rows there are in all, so that a page cut short is noticed.
Source: PowerSchool developer pages, PowerQueries; PowerSchool data dictionary.
"""

from __future__ import annotations

from connectors.powerschool.query_list import Query, query

TOTAL = "rows_in_all"
"""The column that says how many rows a question has in all."""

STORED = query("grades", "stored", "grades_stored")
"""A course's students of a year with their sections, and the stored grades of one store code."""

CLASS = query("grades", "class", "grades_class")
"""A course's students of a year with their sections."""

SCORES = query("grades", "scores", "grades_scores")
"""The scores of one assignment in one section."""

BY_ROUTE: dict[str, tuple[Query, ...]] = {
    "powerschool_stored_grades": (STORED,),
    "powerschool_gradebook": (CLASS, SCORES),
}
"""The queries that each route's plugin holds."""
