"""What may be asked of a OneRoster server by name, said before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.oneroster.conformance_fields import SERVED
from domain.errors import RowRejected, StopDistrict
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, Service

WRITTEN = ("categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults")
"""The collections that the standard lets a consumer write."""

_READ = {Service.GRADEBOOK: "gradebook.readonly", Service.RESOURCES: "resource.readonly"}


def standard(collection: str) -> str:
    """Return the collection whose records a path serves: `users` for `students`; StopDistrict CF90."""
    name = SUBSET_COLLECTIONS.get(collection, collection)
    if name not in SERVED:
        raise StopDistrict(
            "CF90",
            f"OneRoster serves no collection of the name {collection!r}",
            fix=f"Use one of: {', '.join(sorted((*SERVED, *SUBSET_COLLECTIONS)))}",
            place=collection,
        )
    return name


def single_of(collection: str) -> str:
    """Return the key around one record that is written; StopDistrict CF91 where nothing can be written."""
    if collection not in WRITTEN:
        raise StopDistrict(
            "CF91",
            f"OneRoster has no way to write {collection}",
            fix=f"Only these can be written: {', '.join(WRITTEN)}",
            place=collection,
        )
    return COLLECTIONS[collection].single


def id_of(collection: str, record: Mapping[str, object]) -> str:
    """Return the sourcedId of a record that is to be written; RowRejected WB41 when it has none."""
    sourced_id = record.get("sourcedId")
    if isinstance(sourced_id, str) and sourced_id:
        return sourced_id
    raise RowRejected(
        "WB41",
        f"This {single_of(collection)} has no sourcedId",
        key="",
        fix="Give it a sourcedId of your own",
        place=f"/{collection}",
    )


def reading(collection: str, below: tuple[str, ...] = ()) -> str:
    """Return the permission it takes to read a list or a record, with its scope."""
    return f"reading {collection} (scope {_scope_to_read(standard(collection), below)})"


def _scope_to_read(name: str, below: tuple[str, ...]) -> str:
    if name == "demographics":
        return "roster-demographics.readonly"
    if name.startswith("assessment"):
        return "assessment.readonly"
    service = COLLECTIONS[name].service
    return _READ.get(service, "roster.readonly" if below else "roster-core.readonly")


def writing(collection: str) -> str:
    """Return the permission it takes to write or delete a record, with its scopes."""
    service = "assessment" if collection.startswith("assessment") else "gradebook"
    return f"writing {collection} (scopes {service}.createput and {service}.delete)"
