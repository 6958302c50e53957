"""Purge a district that leaves: its rows, its landings and its key, with a certificate of what went."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from domain.clock import system_clock
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.store import audit, retention, runs

ACTION = "district purged"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a purge deleted, and what proves it.

    rows: table → rows deleted. landed_objects: sealed objects deleted from the landing zone.
    audit_records, audit_hash: how long the district's chain is and what its last record hashes to.
    """

    district: DistrictCode
    name: str
    purged_by: str
    purged_at: datetime
    key_destroyed_at: datetime
    rows: Mapping[str, int]
    landed_objects: int
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


def purge(house: House, district: DistrictCode, actor: str) -> Certificate:
    """Delete everything of a district, destroy its key, and certify it; safe to repeat after a crash.

    Rows, key and audit record go in one transaction; landings follow, unreadable by then. Raises
    StopDistrict CF02 for an unknown code.
    """
    at = system_clock()
    with house.store.begin("purge") as conn:
        runs.hold(conn, district)
        name = retention.name_of(conn, district)
        rows = retention.delete_all(conn, district)
        destroyed_at = retention.purged_at(conn, district)
        if destroyed_at is None:
            house.keyring.destroy(conn, district)
            destroyed_at = retention.purged_at(conn, district) or at
        digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
        records = audit.append(conn, district, actor, ACTION, district, None, digest, at)
    objects = house.landing.delete_district(district)
    with house.store.read() as conn:
        whole, last_hash = audit.verify(conn, district), audit.last_hash(conn, district)
    return Certificate(district, name, actor, at, destroyed_at, rows, objects, whole, records, last_hash)
