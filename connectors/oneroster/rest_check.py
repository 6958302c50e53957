"""Trying a OneRoster server step by step, so that a person sees each thing to mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from connectors.check_steps import Fixes, Step, run_steps
from connectors.demographics import BIRTH_FIELDS, DEMOGRAPHICS, OFF, ON, permission_named
from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import not_found
from connectors.http_steps import clock_said, connection_steps, sample_said
from connectors.oneroster.envelope import records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES
from connectors.oneroster.flatten import flatten
from connectors.oneroster.probe import Candidate, at, probe
from connectors.oneroster.settings import BIRTH_SCOPES, ROSTER_SCOPES, OneRosterRestSettings, address
from connectors.protocol import CheckReport, SeenOrgs
from domain.clock import Clock, system_clock, utc_text
from domain.errors import SisbridgeError, StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Service, Version

ORGS = 200
"""Orgs read to see whose they are."""

_SAMPLE = 200
"""Enrollments read to see whether their moment of change moves."""


def run_check(
    district: DistrictCode, settings: OneRosterRestSettings, fixes: Fixes | None = None
) -> CheckReport:
    """Try a roster server: name, connection, token, address, scope, one row of every collection, page cap,
    clock, and whether changes can be asked for. fixes: a vendor's own words for what to do.
    """
    roster = _Roster(settings)
    try:
        return run_steps(district, list(roster.steps()), fixes, roster.orgs)
    finally:
        roster.close()


class _Roster:
    """The steps of one server; its root is known once the step that looks for it has passed."""

    def __init__(self, settings: OneRosterRestSettings, clock: Clock = system_clock) -> None:
        self._settings = settings
        self._clock = clock
        self._root = settings.root(Service.ROSTERING)
        self._version = settings.version
        self._client = settings.client(settings.authorizer(ROSTER_SCOPES))
        self._headers: Mapping[str, str] = {}

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def steps(self) -> Iterator[Step]:
        """Yield the steps in the order to try them; which scopes to sign in with, a probe finds out."""
        for step in connection_steps(self._client, self._root):
            if step.name != "token" or not self._settings.probe:
                yield step
        yield Step("address", self._address)
        yield Step("scope", self._scope)
        for collection in SOURCE_TABLES:
            yield Step(collection, partial(self._sample, collection), blocks=False)
        yield Step(DEMOGRAPHICS, self._births, blocks=False)
        yield Step("page cap", self._page_cap, blocks=False)
        yield Step("clock", self._clock_skew, blocks=False)
        yield Step("changes", self._changes, blocks=False)

    def orgs(self) -> SeenOrgs:
        """Return the orgs as a pull would page them."""
        return seen_orgs(self._ask("orgs", ORGS), self._version)

    def _address(self) -> str:
        """Look where the server is; settings that name another address than found fail, with both."""
        settings = self._settings
        configured = None if settings.probe else Candidate(self._root, settings.version)
        found = probe(settings, configured)
        if configured and found.rostering_url != configured.root:
            raise StopDistrict(
                "CN05",
                f"There is no OneRoster {settings.version} at the address set, but {found.sentence}",
                fix=f"Set base_url to {found.rostering_url} and version to {found.version}",
            )
        if settings.probe:
            self._root, self._version = found.rostering_url, found.version
            self._client.close()
            there = at(settings, found)
            self._client = there.client(there.authorizer(ROSTER_SCOPES))
        return found.sentence

    def _scope(self) -> str:
        self._ask("orgs", 1)
        return "we may read rosters"

    def _sample(self, collection: str) -> str:
        answer = self._ask(collection, 1)
        rows = len(records_of(answer.json, collection, f"/{collection}"))
        return sample_said(rows > 0, total_told(answer.headers))

    def _births(self) -> str:
        if not self._settings.demographics:
            return OFF
        settings = self._settings.for_births().model_copy(update={"version": self._version})
        wanted = {"fields": ",".join(BIRTH_FIELDS)} if settings.ask_fields else {}
        try:
            with settings.client(settings.authorizer(BIRTH_SCOPES)) as client:
                answer = _ask(client, self._root, DEMOGRAPHICS, 1, wanted, BIRTH_SCOPES[0])
        except SisbridgeError as error:
            raise permission_named(error, f"reading {DEMOGRAPHICS} (scope {BIRTH_SCOPES[0]})") from None
        rows = len(records_of(answer.json, DEMOGRAPHICS, f"/{DEMOGRAPHICS}"))
        return f"{ON}; {sample_said(rows > 0, total_told(answer.headers))}"

    def _page_cap(self) -> str:
        size = self._settings.page_size
        answer = self._ask("users", size)
        rows, total = len(records_of(answer.json, "users", "/users")), total_told(answer.headers)
        if rows < size and (total is None or total > rows):
            return f"asked for {size} rows at once, got {rows}: the server's own limit, or all there is"
        return f"asked for {size} rows at once, got {rows}"

    def _clock_skew(self) -> str:
        return clock_said(self._headers, urlsplit(self._root).hostname or "")

    def _changes(self) -> str:
        """See whether enrollments say when they changed, and whether the server looks for it."""
        records = records_of(self._ask("enrollments", _SAMPLE).json, "enrollments", "/enrollments")
        told = {str(one.get("dateLastModified") or "") for one in records if isinstance(one, dict)}
        if not told - {""}:
            return "enrollments do not say when they changed: leave delta off"
        if len(told) == 1 and len(records) > 1:
            return "all enrollments changed at one moment: try delta only after seeing that an edit moves it"
        tomorrow = utc_text(self._clock() + timedelta(days=1))
        answer = self._ask("enrollments", 1, filter=f"dateLastModified>='{tomorrow}'")
        if records_of(answer.json, "enrollments", "/enrollments"):
            return "enrollments say when they changed, but the server does not look for it: a delta reads all"
        return "enrollments say when they changed, and can be asked for by it"

    def _ask(self, collection: str, limit: int, **more: str) -> Answer:
        answer = _ask(self._client, self._root, collection, limit, more)
        self._headers = answer.headers
        return answer


def seen_orgs(answer: Answer, version: Version) -> SeenOrgs:
    """Return the orgs of an answer as a pull would page them; StopDistrict CN05 when there are none."""
    if answer.code >= 300:
        raise not_found("orgs")
    flat = flatten("orgs", version, records_of(answer.json, "orgs", "/orgs"), "/orgs")
    return SeenOrgs(version.value, "orgs", (flat.batches["orgs"],))


def _ask(
    client: HttpClient,
    root: str,
    collection: str,
    limit: int,
    more: Mapping[str, str],
    scope: str = ROSTER_SCOPES[0],
) -> Answer:
    url = address(root, collection)
    permission = f"reading {collection} (scope {scope})"
    asked = {"limit": str(limit), "offset": "0", **more}
    answer = client.send(Request("GET", url, asked, permission=permission))
    if answer.code >= 300:
        raise not_found(url)
    return answer
