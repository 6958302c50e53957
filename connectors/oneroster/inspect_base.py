"""Finding the OneRoster service and its version behind the address somebody pasted.

Where to look is what a pull's probe knows; here a server is taken for one though its answers deviate.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.auth import Authorizer
from connectors.oneroster.inspect_bundle import no_roster
from connectors.oneroster.inspect_json import unwrapped
from connectors.oneroster.probe import Candidate, candidates, names_version
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterConnection, address
from domain.errors import ContractBroken, StopDistrict
from domain.oneroster import Service, Version


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered as OneRoster: its settings with base address and version, and its sign-in."""

    settings: OneRosterConnection
    version: Version
    sign_in: Authorizer
    shaped: Version

    def root(self, service: Service) -> str:
        """Return the root of a service."""
        return self.settings.root(service)

    def authorizer(self) -> Authorizer:
        """Return the sign-in, with the token it has already."""
        return self.sign_in

    def facts(self) -> list[tuple[str, str]]:
        """Return what it is, as pairs of a name and a text."""
        root = urlsplit(self.root(Service.ROSTERING))
        shape = "" if self.shaped is self.version else f" (its users have the shape of {self.shaped.value})"
        return [
            ("Kind", "OneRoster REST server"),
            ("Version", self.version.value + shape),
            ("Rostering service", f"{root.scheme}://{root.netloc}{root.path}"),
            ("Sign-in", self.settings.auth),
        ]


def find_server(settings: OneRosterConnection, version: Version | None) -> Found:
    """Return the first base address that answers as OneRoster.

    settings.base_url: as it was pasted, with or without the standard's path. Raises ContractBroken FL60
    when none answers with a list of orgs, and at once what means that the others cannot answer either.
    """
    for candidate in _wanted(settings.base_url, version):
        known = settings.model_copy(update={"base_url": candidate.root, "version": candidate.version})
        if known.auth == "oauth1" and known.version is Version.V1P2:
            continue
        sign_in = known.authorizer(ROSTER_SCOPES)
        if (shaped := _shape(known, sign_in)) is not None:
            told = candidate.version if names_version(candidate.root) else None
            final = version or told or shaped
            return Found(known.model_copy(update={"version": final}), final, sign_in, shaped)
    raise no_roster(urlsplit(settings.base_url).netloc)


def _wanted(pasted: str, version: Version | None) -> list[Candidate]:
    """Return the addresses to ask: of one version only, where one is wanted; the pasted one all the same."""
    found = candidates(pasted)
    if version is None:
        return list(found)
    given = [Candidate(found[0].root, version)] if names_version(found[0].root) else []
    return list(dict.fromkeys([*given, *(one for one in found if one.version is version)]))


def _shape(settings: OneRosterConnection, sign_in: Authorizer) -> Version | None:
    """Return the version whose shape the users have (or the one assumed), None when this is no OneRoster."""
    root = settings.root(Service.ROSTERING)
    with settings.client(sign_in) as client:
        try:
            orgs = client.get(address(root, "orgs"), {"limit": "1", "offset": "0"})
            if orgs.code >= 300 or unwrapped(orgs.json, "orgs")[1] == "OR-E02":
                return None
            users = client.get(address(root, "users"), {"limit": "1", "offset": "0"})
        except ContractBroken:
            return None
        except StopDistrict as error:
            if error.code in ("CN04", "CN15"):
                return None
            raise
    first = next(iter(unwrapped(users.json, "users")[0]), None)
    if not isinstance(first, dict):
        return settings.version
    return Version.V1P1 if "role" in first else Version.V1P2
