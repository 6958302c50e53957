"""Trying the route for stored grades step by step, the right to write included, without storing a grade."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import orjson

from connectors.check_steps import Step, run_steps
from connectors.http import Request
from connectors.http_steps import connection_steps
from connectors.powerschool.client import GradeClient
from connectors.powerschool.fixes import QUERY_FIXES
from connectors.powerschool.grade_queries import STORED
from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.query_list import Query
from connectors.powerschool.refusals import lacks_fields
from connectors.powerschool.stored_form import offered
from connectors.powerschool.whose import schools_of
from connectors.protocol import CheckReport
from domain.ids import DistrictCode

_NOWHERE = {"course_number": "sisbridge check", "year_id": "0", "store_code": "X0", "assignment_section": "0"}


def run_stored_check(district: DistrictCode, settings: StoredGradeSettings) -> CheckReport:
    """Try name, connection, sign-in, page size, our query, and the right to write every field we send."""
    with GradeClient(settings) as client:
        return run_steps(district, list(_steps(client, settings)), QUERY_FIXES, partial(schools_of, settings))


def _steps(client: GradeClient, settings: StoredGradeSettings) -> Iterator[Step]:
    yield from connection_steps(client.http, settings.root)
    yield Step("page size", lambda: f"{client.page_size()} rows at once")
    yield Step("our query", lambda: try_query(client, STORED))
    yield Step("right to write", lambda: _may_write(client))


def try_query(client: GradeClient, query: Query) -> str:
    """Ask for a course that is not there; raises as `GradeClient.rows`."""
    client.rows(query, {name: _NOWHERE[name] for name in query.arguments})
    return f"{query.name} is installed"


def _may_write(client: GradeClient) -> str:
    """Offer a row without student and store code, which PowerSchool must refuse, with all fields we send."""
    fields = {"schoolid": 0, "schoolyear": 1900, "course_number": "", "section_number": ""}
    body = orjson.dumps({"tables": {"storedgrades": {**fields, **offered()}}})
    url = client.address("schema/table/storedgrades")
    answer = client.http.send(Request("POST", url, body=body, retry=False, judged=(403,)))
    if answer.code == 403:
        raise lacks_fields(answer.body, "stored grades")
    return "PowerSchool lets us write stored grades"
