"""Rosters from PowerSchool's OneRoster 1.1, which the district's Universal Rostering serves.

It is the OneRoster source with PowerSchool's manners: the service stands under one of two paths, a page is
as large as the plugin's Maximum Page Size, and a server may want a pause between two requests.
Source: PowerSchool help, Plugin Management and global API settings; public clients for the paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from connectors.check_steps import with_fixes
from connectors.http import HttpClient, Request
from connectors.oneroster.rest import OneRosterRestPull, OneRosterRestSource
from connectors.oneroster.settings import ROSTER_SCOPES, address
from connectors.powerschool.fixes import ONEROSTER_FIXES
from connectors.powerschool.metadata import STUDENT_PAGES, metadata, most_rows
from connectors.powerschool.settings import PowerSchoolOneRosterSettings, server_of
from connectors.protocol import Capability, CheckReport, Landing
from domain.clock import Clock, system_clock
from domain.errors import RetryLater, SisbridgeError, StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import BASE_PATHS, Service

PREFIXES = ("/api", "")
"""What stands before the standard's path: newer servers have /api, older ones nothing."""

USUAL_PAGE = 1000

_STANDARD = re.compile(r"/ims/oneroster/\S+$")


class PowerSchoolOneRosterSource:
    """PowerSchool's OneRoster as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: PowerSchoolOneRosterSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the server is; nothing is sent yet."""
        self._district = district
        self._settings = settings
        self._clock = clock

    def capabilities(self) -> frozenset[Capability]:
        """Return both roster modes, as OneRoster has them."""
        return self._oneroster(self._settings).capabilities()

    def check(self) -> CheckReport:
        """Try what a OneRoster server is tried for, at the path that answers."""
        try:
            settings = located(self._settings)
        except SisbridgeError:
            # The steps say which of them it is that fails.
            settings = self._settings
        return with_fixes(self._oneroster(settings).check(), ONEROSTER_FIXES)

    def open(self, since: datetime | None, landing: Landing) -> OneRosterRestPull:
        """Begin a pull at the path that answers, in pages as large as the plugin may; raises as `located`."""
        return self._oneroster(located(self._settings)).open(since, landing)

    def _oneroster(self, settings: PowerSchoolOneRosterSettings) -> OneRosterRestSource:
        return OneRosterRestSource(self._district, settings, clock=self._clock)


def located(settings: PowerSchoolOneRosterSettings) -> PowerSchoolOneRosterSettings:
    """Return the settings with the service's root and page size as the server has them.

    Raises what `HttpClient` raises when the server cannot be reached or does not let us in, StopDistrict
    CN05 when neither path answers.
    """
    with settings.client(settings.authorizer(ROSTER_SCOPES)) as client:
        root = _answering(client, settings)
        chosen = "page_size" in settings.model_fields_set
        size = settings.page_size if chosen else _plugin_maximum(client, root)
    return settings.model_copy(update={"rostering_url": root, "page_size": size})


def roots(settings: PowerSchoolOneRosterSettings) -> Iterator[str]:
    """Yield the addresses where the service may stand, the one that was set first, each once."""
    given = (settings.rostering_url or settings.base_url).strip().rstrip("/")
    standard = BASE_PATHS[settings.version, Service.ROSTERING]
    forms = [server_of(given) + prefix + standard for prefix in PREFIXES]
    yield from dict.fromkeys([*([given] if _STANDARD.search(given) else []), *forms])


def _answering(client: HttpClient, settings: PowerSchoolOneRosterSettings) -> str:
    for root in roots(settings):
        permission = "reading orgs (the consumer plugin of Universal Rostering)"
        request = Request("GET", address(root, "orgs"), {"limit": "1"}, permission=permission)
        if client.send(request).code < 300:
            return root
    raise StopDistrict(
        "CN05",
        "PowerSchool has no OneRoster at either path, /api/ims/oneroster or /ims/oneroster",
        fix="Ask the district to switch Universal Rostering on, or read by powerschool_powerquery instead",
        place=settings.base_url,
    )


def _plugin_maximum(client: HttpClient, root: str) -> int:
    """Return the plugin's Maximum Page Size; a server that does not tell is asked for 1,000 and may clamp."""
    try:
        told = metadata(client, server_of(root))
    except RetryLater:
        raise
    except SisbridgeError:
        return USUAL_PAGE
    return most_rows(told, STUDENT_PAGES, None, USUAL_PAGE)
