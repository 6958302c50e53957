"""The discovery document of each 1.2 service: an OpenAPI file of what this provider serves.

Source: OneRoster 1.2 REST bindings, service discovery; both published file names are served.
"""

from __future__ import annotations

from domain.oneroster import BASE_PATHS, SUBSET_COLLECTIONS, Service, Version
from simulators.fields import FIELDS
from simulators.oneroster.gradebook import POSTS, WRITABLE
from simulators.oneroster.lists import NESTED, Path
from simulators.oneroster.reads import service_of
from simulators.shapes import Record

_SERVICES = {Service.ROSTERING: "rosters", Service.GRADEBOOK: "gradebook", Service.RESOURCES: "resources"}


def is_discovery(path: Path, service: Service) -> bool:
    """Return whether a path is one of the two addresses of a service's discovery document."""
    names = (
        f"imsorv1p2_{service}_openapi3_v1p0.json",
        f"onerosterv1p2{_SERVICES[service]}service_openapi3_v1p0.json",
    )
    return len(path.segments) == 2 and path.segments[0] == "discovery" and path.segments[1] in names


def document(service: Service, above: str) -> Record:
    """Return the document of a service. above: scheme and host."""
    root = above + BASE_PATHS[Version.V1P2, service]
    return {
        "openapi": "3.0.0",
        "info": {"title": f"OneRoster {service} service", "version": "1.2"},
        "servers": [{"url": root}],
        "paths": {path.replace("*", "{sourcedId}"): _methods(path) for path in _paths(service)},
    }


def _paths(service: Service) -> list[str]:
    lists = [*FIELDS[Version.V1P2], *SUBSET_COLLECTIONS]
    found = [path for name in lists for path in (name, f"{name}/*")]
    mine = (path for path in [*found, *NESTED, *POSTS] if service_of(Path(tuple(path.split("/")))) is service)
    return list(dict.fromkeys(f"/{path}" for path in mine))


def _methods(path: str) -> Record:
    shape, names = path.removeprefix("/"), path.split("/")[1::2]
    offered = ["post"] if shape in POSTS else []
    if shape in NESTED or len(names) == 1:
        offered.insert(0, "get")
    if len(names) == 1 and shape.endswith("/*") and names[0] in WRITABLE:
        offered += ["put", "delete"]
    return {method: {"responses": {"default": {"description": "as the standard says"}}} for method in offered}
