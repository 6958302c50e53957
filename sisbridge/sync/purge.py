"""Purge a district that leaves: its rows, its landings and its key, with a certificate of what went."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from domain.clock import system_clock
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.store import audit, retention, runs
from sisbridge.store.database import Connection
from sisbridge.sync.grades import writeback

ACTION = "district purged"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a purge deleted, and what proves it.

    rows: table → rows deleted. landed_objects: sealed objects deleted from the landing zone. unsent_grades:
    how many of the grades deleted were on their way, or not released yet.
    audit_records, audit_hash: how long the district's chain is and what its last record hashes to.
    """

    district: DistrictCode
    name: str
    purged_by: str
    purged_at: datetime
    key_destroyed_at: datetime
    rows: Mapping[str, int]
    landed_objects: int
    unsent_grades: int
    audit_is_whole: bool
    audit_records: int
    audit_hash: str

    def text(self) -> str:
        """Return the certificate as a person files it."""
        rows = [f"  {table:<24}{count:>12,}" for table, count in self.rows.items() if count]
        whole = "whole" if self.audit_is_whole else "NOT whole: find out why before you rely on it"
        return "\n".join(
            [
                f"Certificate of destruction: district {self.district}, {self.name}",
                "",
                f"Purged at {self.purged_at:%Y-%m-%d %H:%M:%S} UTC by {self.purged_by}.",
                f"Key destroyed at {self.key_destroyed_at:%Y-%m-%d %H:%M:%S} UTC. What was sealed with it,",
                "copies of landed files included, cannot be opened again by anybody.",
                f"Landed objects deleted: {self.landed_objects:,}.",
                f"Rows deleted: {sum(self.rows.values()):,}.",
                *rows,
                f"Grades deleted that were not in the SIS yet, as far as we know: {self.unsent_grades:,}.",
                f"The audit stays: {self.audit_records:,} records, chain {whole}, last hash",
                f"  {self.audit_hash}",
                "Backups of the database from before this moment still hold rows and the sealed key: delete",
                "them, or let them expire, and note the date here: ______________",
                "",
            ]
        )

    def as_dict(self) -> dict[str, object]:
        """Return the certificate as plain values for JSON."""
        return asdict(self)


def purge(house: House, district: DistrictCode, actor: str, *, unsent_too: bool = False) -> Certificate:
    """Delete everything of a district, destroy its key, and certify it; safe to repeat after a crash.

    Rows, key and audit record go in one transaction; landings follow, unreadable by then. Raises StopDistrict
    CF02 for an unknown code, CF76 while grades wait and `unsent_too` is not given, and RetryLater WB14 while
    some are delivered: nothing was deleted then.
    """
    at = system_clock()
    with writeback.alone(house, district, "nothing was deleted"):
        with house.store.begin("purge") as conn:
            runs.hold(conn, district, alone=True)
            name, unsent = retention.name_of(conn, district), _unsent(conn, district, unsent_too)
            rows = retention.delete_all(conn, district)
            destroyed_at = _destroy_key(conn, house, district) or at
            digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
            records = audit.append(conn, district, actor, ACTION, district, None, digest, at)
        objects = house.landing.delete_district(district)
    with house.store.read() as conn:
        whole, last_hash = audit.verify(conn, district), audit.last_hash(conn, district)
    return Certificate(
        district, name, actor, at, destroyed_at, rows, objects, unsent, whole, records, last_hash
    )


def _unsent(conn: Connection, district: DistrictCode, unsent_too: bool) -> int:
    unsent = retention.unsent_grades(conn, district)
    if unsent and not unsent_too:
        raise StopDistrict(
            "CF76",
            f"{unsent:,} grades of district {district} are not in its SIS yet, as far as we know; "
            "nothing was deleted.",
            fix="Deliver or settle them (`sisbridge grades list` names those released), or purge with "
            "--unsent-grades-too: they are lost then.",
        )
    return unsent


def _destroy_key(conn: Connection, house: House, district: DistrictCode) -> datetime | None:
    """Destroy the key unless it is; return when that was."""
    if retention.purged_at(conn, district) is None:
        house.keyring.destroy(conn, district)
    return retention.purged_at(conn, district)
