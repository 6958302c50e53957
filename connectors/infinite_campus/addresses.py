"""The addresses Campus shows an administrator, as they are pasted, and the service roots they mean. Pure.

Form A names the application, `/campus/api/oneroster/v1p2/{app}/ims/oneroster`, form B is
`/campus/api/ims/oneroster`; the service's own segment follows both and is often left away.
Source: Infinite Campus knowledge base, digital learning applications configuration; public clients.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from domain.oneroster import BASE_PATHS, Service, Version

_CAMPUS = "/campus"
_STANDARD = "/ims/oneroster"
_PLAIN = f"{_CAMPUS}/api{_STANDARD}"
_PATHS = {Version.V1P1: "v1p1", Version.V1P2: "v1p2"}


def rostering_root(pasted: str, version: Version) -> str:
    """Return the root of the rostering service that a pasted base URL means, without a slash at its end.

    Only what is missing is added: the host's own path, the application, the state's domain stay as given.
    Raises ValueError for an address that names the other version.
    """
    text = pasted.strip().rstrip("/")
    parts = urlsplit(text if "://" in text else f"https://{text}")
    path = parts.path.rstrip("/").removesuffix(f"/{Service.GRADEBOOK}/{_PATHS[version]}")
    _refuse_other_version(path, version)
    return urlunsplit((parts.scheme, parts.netloc, _completed(path, version), "", ""))


def gradebook_root(rostering: str, version: Version) -> str:
    """Return the root of the gradebook service beside a rostering root; 1.1 has one for both."""
    if version is Version.V1P1:
        return rostering
    return rostering.removesuffix(f"/{Service.ROSTERING}/v1p2") + f"/{Service.GRADEBOOK}/v1p2"


def token_address(pasted: str, app_name: str) -> str:
    """Return a token URL that names the application: its own appName, else the one given.

    Raises ValueError when neither is there; Campus answers such a request with "No Campus Application
    selected".
    """
    parts = urlsplit(pasted.strip())
    asked = parse_qs(parts.query)
    if any(value.strip() for value in asked.get("appName", ())):
        return urlunsplit(parts)
    if not app_name:
        raise ValueError("token_url lacks ?appName=: copy the whole Token URL of the connection from Campus")
    query = urlencode({**{name: values[0] for name, values in asked.items()}, "appName": app_name})
    return urlunsplit(parts._replace(query=query))


def _completed(path: str, version: Version) -> str:
    service = BASE_PATHS[version, Service.ROSTERING].removeprefix(_STANDARD)
    before, standard, tail = path.rpartition(_STANDARD)
    if standard:
        return before + standard + _tail(tail, version, service)
    if f"{_CAMPUS}/api/oneroster/" in path:
        return path + _STANDARD + service
    return (path[: path.index(_CAMPUS)] if _CAMPUS in path else path) + _PLAIN + service


def _tail(tail: str, version: Version, service: str) -> str:
    """Return what follows the standard's own segment: form B names the service in 1.1 too."""
    named = f"/{Service.ROSTERING}/{_PATHS[version]}"
    return named if tail in (named, f"/{Service.ROSTERING}") else service


def _refuse_other_version(path: str, version: Version) -> None:
    other = Version.V1P1 if version is Version.V1P2 else Version.V1P2
    if _PATHS[other] in path.split("/"):
        raise ValueError(f"base_url is of OneRoster {other}, and version is {version}: make them agree")
