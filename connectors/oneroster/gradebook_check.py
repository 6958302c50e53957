"""Trying a gradebook step by step, the right to write included, without writing a grade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from connectors.check_steps import Fixes, Step, run_steps
from connectors.http import HttpClient, Request
from connectors.http_errors import not_found
from connectors.http_steps import connection_steps
from connectors.oneroster.envelope import records_of
from connectors.oneroster.flatten import text_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.line_items import PERMISSION
from connectors.oneroster.probe import candidates, gradebook_of
from connectors.oneroster.rest_check import ORGS, seen_orgs
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterGradebookSettings, address
from connectors.oneroster.titled import standing, titled
from connectors.protocol import CheckReport, SeenOrgs
from domain.errors import RetryLater, StopDistrict
from domain.ids import DistrictCode, fixed_id
from domain.oneroster import Service

_LOOKED_AT = ("lineItems", "categories")


def run_gradebook_check(
    district: DistrictCode, settings: OneRosterGradebookSettings, fixes: Fixes | None = None
) -> CheckReport:
    """Try name, connection, token, address, reading line items and categories, and the right to write.

    fixes: a vendor's own words for what to do.
    """
    root = settings.root(Service.GRADEBOOK)
    with settings.client(settings.authorizer(settings.gradebook_scopes)) as client:
        *others, categories, line_items, writing = gradebook_steps(client, root, district)
        where = Step("address", lambda: _address(settings, client))
        look = _score_scale if settings.score_scale_id else _score_scales
        scale = Step("score scale", lambda: look(settings, client), blocks=False)
        named = [scale] if settings.score_scale_id or settings.score_scale_title else []
        steps = [*others, where, categories, line_items, *named, writing]
        return run_steps(district, steps, fixes, partial(orgs_beside, settings))


def _address(settings: OneRosterGradebookSettings, client: HttpClient) -> str:
    """Look where the gradebook is; settings that name another address or version fail, with both."""
    root = settings.root(Service.GRADEBOOK)
    if any(_code(client, root, name) != 404 for name in _LOOKED_AT):
        return f"there is a gradebook at {root}"
    found = next(_found(settings), None)
    if found is None:
        raise not_found(address(root, _LOOKED_AT[0]), "base_url")
    there = found.root(Service.GRADEBOOK)
    raise StopDistrict(
        "CN05",
        f"There is no OneRoster {settings.version} gradebook at the address set, but one of "
        f"{found.version} at {there}",
        fix=f"Set base_url to {there} and version to {found.version}",
    )


def _found(settings: OneRosterGradebookSettings) -> Iterator[OneRosterGradebookSettings]:
    """Yield the settings changed to where else a gradebook answers, the likeliest first."""
    for candidate in candidates(settings.base_url):
        root = gradebook_of(candidate.root)
        where = {"version": candidate.version, "rostering_url": candidate.root, "gradebook_url": root}
        tried = settings.model_copy(update=where)
        client = tried.client(tried.authorizer(tried.gradebook_scopes))
        with client, suppress(StopDistrict):
            if any(_code(client, root, name) < 300 for name in _LOOKED_AT):
                yield tried


def _code(client: HttpClient, root: str, collection: str) -> int:
    request = Request("GET", address(root, collection), {"limit": "1", "offset": "0"}, as_is=True)
    return client.send(request).code


def _score_scale(settings: OneRosterGradebookSettings, client: HttpClient) -> str:
    """Look whether the score scale that line items are to refer to is there."""
    scale = settings.score_scale_id
    url = address(settings.root(Service.GRADEBOOK), "scoreScales", scale)
    if client.send(Request("GET", url, permission=READING)).code < 300:
        return f"the score scale {scale} is there"
    raise StopDistrict(
        "WB45",
        f"The gradebook has no score scale {scale}",
        fix="Set score_scale_id to one that the gradebook has, or leave it out",
        place=f"/scoreScales/{scale}",
    )


def _score_scales(settings: OneRosterGradebookSettings, client: HttpClient) -> str:
    """Look whether any class has a score scale of the title that line items are to refer to."""
    title = settings.score_scale_title
    found = titled(standing(settings, client, "scoreScales"), title)
    classes = {text_of(one.get("class")) for one in found}
    if classes:
        return f"classes with a score scale titled {title}: {len(classes)}"
    if settings.score_scale_values:
        return f"no class has a score scale titled {title} yet; each gets one with its first grades"
    raise StopDistrict(
        "WB45",
        f"The gradebook has no score scale titled {title}",
        fix="Set score_scale_title to a title that the classes' score scales have, or leave it out",
        place="/scoreScales",
    )


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
