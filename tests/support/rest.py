"""Pulls over REST against the simulated provider, as the tests of the connector begin them."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.oneroster.rest import OneRosterRestPull, OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from connectors.protocol import RosterMoved
from domain.clock import FixedClock
from domain.ids import DistrictCode
from simulators.oneroster import RunningProvider

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


class Kept:
    """A landing that remembers."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def keep(self, name: str, data: bytes) -> None:
        self.files[name] = data

    def kept(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self.files if name.startswith(prefix))

    def fetch(self, name: str) -> bytes:
        return self.files[name]

    def forget(self, prefix: str = "") -> None:
        for name in self.kept(prefix):
            del self.files[name]


def source(provider: RunningProvider, **changes: object) -> OneRosterRestSource:
    """Return a source of the provider's roster, impatient."""
    values: dict[str, object] = {
        "base_url": provider.rostering_url, "version": provider.version, "token_url": provider.token_url,
        "client_id": provider.client_id, "client_secret": provider.client_secret,
        "first_wait": 0.01, "attempts": 3, "patience": 20, "read_timeout": 20, "page_size": 500,
    }  # fmt: skip
    settings = OneRosterRestSettings.model_validate({**values, **changes})
    return OneRosterRestSource(DistrictCode("north"), settings, clock=FixedClock(AT))


def ids(pull: OneRosterRestPull) -> dict[str, list[str]]:
    """Return the ids of every page of every table."""
    found: dict[str, list[str]] = {}
    for table in pull.facts.source_tables:
        for page in pull.pages(table):
            found.setdefault(page.source_table, []).extend(page.batch.column("sourcedId").to_pylist())
    return found


def pulled(
    provider: RunningProvider, landing: Kept | None = None, since: datetime | None = None, **changes: object
) -> dict[str, list[str]]:
    """Pull everything, begun again when it moves, and close."""
    landing = landing or Kept()
    for _ in range(4):
        pull = source(provider, **changes).open(since, landing)
        try:
            found = ids(pull)
            pull.close()
        except RosterMoved:
            continue
        return found
    raise AssertionError("the roster never held still")
