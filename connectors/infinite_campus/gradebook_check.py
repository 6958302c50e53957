"""Trying the way for grades into a Campus step by step, without writing a grade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from connectors.check_steps import Step, run_steps
from connectors.http import HttpClient, Request
from connectors.infinite_campus.menus import CONNECTION
from connectors.infinite_campus.settings import MENU, VENDOR_HEADER, CampusGradebookSettings
from connectors.infinite_campus.tasks import published
from connectors.oneroster.envelope import records_of
from connectors.oneroster.gradebook_check import gradebook_steps, orgs_beside
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.settings import address
from connectors.protocol import CheckReport
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Service

_SAMPLE = 200
"""Line items looked at in a check."""


def run_campus_gradebook_check(district: DistrictCode, settings: CampusGradebookSettings) -> CheckReport:
    """Try name, connection, token, the vendor header, line items, the right to write, and the tasks."""
    with settings.client(settings.authorizer(settings.gradebook_scopes)) as client:
        steps = list(_steps(client, settings, district))
        return run_steps(district, steps, CONNECTION, partial(orgs_beside, settings.without_vendor_header()))


def _steps(client: HttpClient, settings: CampusGradebookSettings, district: DistrictCode) -> Iterator[Step]:
    for step in gradebook_steps(client, settings.root(Service.GRADEBOOK), district, "results"):
        if step.name == "categories":
            # Categories are of assignments; grading tasks have none.
            continue
        yield step._replace(attempt=partial(_naming_the_header, step.attempt))
    yield Step("grading tasks", partial(_tasks, client, settings), blocks=False)


def _tasks(client: HttpClient, settings: CampusGradebookSettings) -> str:
    """Look at some line items: how many are grading tasks, and how many of those take grades now."""
    url = address(settings.root(Service.GRADEBOOK), "lineItems")
    params = {"limit": str(_SAMPLE), "offset": "0"}
    answer = client.send(Request("GET", url, params, permission=READING))
    tasks = published(records_of(answer.json, "lineItems", "/lineItems"))
    if not tasks:
        raise StopDistrict(
            "WB56",
            "Campus publishes no grading task among its first line items",
            fix="Have grading tasks put on the shared courses, with their terms (Course > Grading Tasks)",
            place="/lineItems",
        )
    return f"{len(tasks)} grading tasks seen, {sum(one.is_open for one in tasks)} with an open window"


def _naming_the_header(attempt: Callable[[], str]) -> str:
    try:
        return attempt()
    except StopDistrict as error:
        raise vendor_refused(error) from None


def vendor_refused(error: StopDistrict) -> StopDistrict:
    """Return CN32 for a 401 of anything but the token address; any other failure as it is."""
    if error.code != "CN03" or error.place.endswith("/oauth2/token"):
        return error
    return StopDistrict(
        "CN32",
        f"Campus does not let us at the grades: it does not accept the header {VENDOR_HEADER}",
        fix=f"Store the partner's key:secret as vendor_key; in Campus ({MENU}) the vendor has to be"
        " a supported one with Grade Book switched on",
        place=error.place,
    )
