"""Trying a gradebook step by step, the right to write included, without writing a grade."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from connectors.check_steps import Fixes, Step, run_steps
from connectors.http import HttpClient, Request
from connectors.http_errors import not_found
from connectors.http_steps import connection_steps
from connectors.oneroster.envelope import records_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.line_items import PERMISSION
from connectors.oneroster.rest_check import ORGS, seen_orgs
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterGradebookSettings, address
from connectors.protocol import CheckReport, SeenOrgs
from domain.errors import RetryLater
from domain.ids import DistrictCode, fixed_id
from domain.oneroster import Service


def run_gradebook_check(
    district: DistrictCode, settings: OneRosterGradebookSettings, fixes: Fixes | None = None
) -> CheckReport:
    """Try name, connection, token, reading line items and categories, and the right to write.

    fixes: a vendor's own words for what to do.
    """
    root = settings.root(Service.GRADEBOOK)
    with settings.client(settings.authorizer(settings.gradebook_scopes)) as client:
        steps = list(gradebook_steps(client, root, district))
        return run_steps(district, steps, fixes, partial(orgs_beside, settings))


def orgs_beside(settings: OneRosterGradebookSettings) -> SeenOrgs:
    """Return the orgs that the gradebook's credentials may read, to prove whose gradebook it is.

    Raises what `HttpClient` raises where they may not, which is no fault of a gradebook's connection.
    """
    client = settings.client(settings.authorizer(ROSTER_SCOPES))
    with client:
        url = address(settings.root(Service.ROSTERING), "orgs")
        return seen_orgs(client.get(url, {"limit": str(ORGS), "offset": "0"}), settings.version)


def gradebook_steps(
    client: HttpClient, root: str, district: DistrictCode, written: str = "lineItems"
) -> Iterator[Step]:
    """Yield the steps of a gradebook in the order to try them. written: what we write there first."""
    yield from connection_steps(client, root)
    yield Step("categories", lambda: _read(client, root, "categories"), blocks=False)
    yield Step("line items", lambda: _read(client, root, "lineItems"), blocks=False)
    yield Step("right to write", lambda: _may_write(client, root, district, written))


def _read(client: HttpClient, root: str, collection: str) -> str:
    url = address(root, collection)
    answer = client.send(Request("GET", url, {"limit": "1", "offset": "0"}, permission=READING))
    if answer.code >= 300:
        raise not_found(url, "gradebook_url")
    rows = records_of(answer.json, collection, f"/{collection}")
    return f"{collection} can be read" + ("" if rows else "; there are none yet")


def _may_write(client: HttpClient, root: str, district: DistrictCode, written: str) -> str:
    """Offer an empty record, which any gradebook refuses as incomplete unless it refuses us first."""
    url = address(root, written, fixed_id("check", district))
    try:
        client.send(Request("PUT", url, body=b"{}", permission=PERMISSION, retry=False))
    except RetryLater as error:
        if error.code != "CN07":
            raise
        return "the SIS could not say; the first delivery will tell"
    return "the SIS lets us write"
