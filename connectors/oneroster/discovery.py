"""The discovery document of a 1.2 service: what it says of itself, as an OpenAPI file.

Two file names are published for each service, and either is met. A consumer should not need the document;
it is read to be looked at.
Source: OneRoster 1.2 REST bindings, section on service discovery; 1.2 conformance and certification guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.http import HttpClient
from connectors.oneroster.settings import address
from domain.oneroster import Service

_FILES: dict[Service, tuple[str, str]] = {
    Service.ROSTERING: (
        "imsorv1p2_rostering_openapi3_v1p0.json", "onerosterv1p2rostersservice_openapi3_v1p0.json",
    ),
    Service.GRADEBOOK: (
        "imsorv1p2_gradebook_openapi3_v1p0.json", "onerosterv1p2gradebookservice_openapi3_v1p0.json",
    ),
    Service.RESOURCES: (
        "imsorv1p2_resources_openapi3_v1p0.json", "onerosterv1p2resourcesservice_openapi3_v1p0.json",
    ),
}  # fmt: skip

_METHODS = frozenset(["get", "put", "post", "delete"])


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a service says of itself.

    url: where the document was found. openapi, title, version: its own texts, "" when not told. servers:
    the addresses it names. operations: method and path, as `GET /users/{sourcedId}`.
    """

    url: str
    openapi: str
    title: str
    version: str
    servers: tuple[str, ...]
    operations: frozenset[str]


def discover(client: HttpClient, root: str, service: Service) -> Discovery | None:
    """Return a service's discovery document, None when it has none under either name.

    root: the service's root address. Raises what `HttpClient` does.
    """
    for file in _FILES[service]:
        url = address(root, "discovery", file)
        answer = client.get(url)
        if answer.code < 300 and isinstance(content := answer.json, dict):
            return _read(url, content)
    return None


def _read(url: str, content: Mapping[str, object]) -> Discovery:
    info = content.get("info")
    named = info if isinstance(info, dict) else {}
    return Discovery(
        url=url,
        openapi=_text(content.get("openapi")),
        title=_text(named.get("title")),
        version=_text(named.get("version")),
        servers=tuple(_text(one.get("url")).rstrip("/") for one in _objects(content.get("servers"))),
        operations=frozenset(_operations(content.get("paths"))),
    )


def _operations(paths: object) -> list[str]:
    known = paths.items() if isinstance(paths, dict) else ()
    return [
        f"{method.upper()} {path}"
        for path, offered in known
        for method in (offered if isinstance(offered, dict) else ())
        if method in _METHODS
    ]


def _objects(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
