"""Trying the way for grades into a Campus step by step, without writing a grade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from connectors.check_steps import Step, run_steps
from connectors.http import HttpClient
from connectors.infinite_campus.settings import MENU, VENDOR_HEADER, CampusGradebookSettings
from connectors.oneroster.gradebook_check import gradebook_steps
from connectors.protocol import CheckReport
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Service


def run_campus_gradebook_check(district: DistrictCode, settings: CampusGradebookSettings) -> CheckReport:
    """Try name, connection, sign-in, the vendor header, reading line items, and the right to write."""
    with settings.client(settings.authorizer(settings.gradebook_scopes)) as client:
        return run_steps(district, list(_steps(client, settings, district)))


def _steps(client: HttpClient, settings: CampusGradebookSettings, district: DistrictCode) -> Iterator[Step]:
    for step in gradebook_steps(client, settings.root(Service.GRADEBOOK), district):
        yield step._replace(attempt=partial(_naming_the_header, step.attempt))


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
