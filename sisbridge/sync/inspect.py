"""Inspect any OneRoster source for what the standard says: a server, a package, kept answers. No store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectors.oneroster.conformance import Deviation, Inspection
from connectors.oneroster.conformance_codes import Level
from connectors.oneroster.inspect_bundle import no_roster, opened
from connectors.oneroster.inspect_csv import inspect_csv
from connectors.oneroster.inspect_json import inspect_json
from connectors.oneroster.inspect_rest import inspect_rest
from connectors.oneroster.settings import OneRosterConnection
from domain.errors import StopDistrict
from domain.oneroster import Version

__all__ = ["Deviation", "Inspection", "Level", "Progress", "connection", "inspect_path", "inspect_server"]

Progress = Callable[[str, int], None]


def inspect_path(path: Path, version: Version | None = None, progress: Progress | None = None) -> Inspection:
    """Return what a zip or folder is and where it deviates.

    version: overrides the shape of kept JSON answers; a CSV package says its own. Raises StopDistrict
    FL01 to FL04 and ContractBroken FL60 when there is nothing of OneRoster.
    """
    told = progress or _silent
    with opened(path) as bundle:
        endings = {Path(name).suffix.casefold() for name in bundle.files}
        if ".csv" in endings:
            return inspect_csv(bundle, told)
        if ".json" in endings:
            return inspect_json(bundle, told, version)
        raise no_roster(path.name)


def inspect_server(
    settings: OneRosterConnection, version: Version | None = None, progress: Progress | None = None
) -> Inspection:
    """Return what a server is and where it deviates; raises as `inspect_rest` does."""
    return inspect_rest(settings, version, progress or _silent)


def connection(
    url: str, auth: str, *, token_url: str = "", client_id: str = "", secret: str = "",
    scopes: tuple[str, ...] | None = None, page_size: int = 1000,
) -> OneRosterConnection:  # fmt: skip
    """Return how to reach a server. auth: basic, body, oauth1 or bearer, whose token is the secret.

    Raises StopDistrict CF61 when something is missing for that way of signing in.
    """
    flow = auth if auth in ("oauth1", "bearer") else "oauth2"
    given: dict[str, object] = {
        "base_url": url, "auth": flow, "token_url": token_url, "client_id": client_id, "scopes": scopes,
        "bearer_token" if flow == "bearer" else "client_secret": secret, "page_size": page_size,
        "attempts": 3, "version": Version.V1P1 if flow == "oauth1" else Version.V1P2,
    }  # fmt: skip
    if flow == "oauth2":
        given["auth_style"] = auth
    try:
        return OneRosterConnection.model_validate(given)
    except ValueError:
        raise StopDistrict(
            "CF61", f"Something is missing for the sign-in {auth}",
            fix="Give --token-url and --client-id, and the secret in SISBRIDGE_CLIENT_SECRET", place=flow,
        ) from None  # fmt: skip


def _silent(where: str, rows: int) -> None:
    """Tell nobody."""
