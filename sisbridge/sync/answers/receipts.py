"""The proof of one grade: its receipts, with the values they prove for who asks for them."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import StopDistrict
from domain.grading import Receipt
from domain.ids import DistrictCode, ItemId
from sisbridge.house import House, clock_of
from sisbridge.store import audit, outbox

LOOKED_AT = "grade values looked at"
"""What the audit says of a person who was shown the values of a receipt."""


def receipts_of(
    house: House, district: DistrictCode, item_id: ItemId, actor: str, *, values: bool
) -> list[Receipt]:
    """Return an item's receipts, oldest first, without the values they prove unless these are asked for.

    That values were shown is audited, before they are. StopDistrict WB17 for an item the district has not.
    """
    known = house.district(district)
    with house.store.read() as conn:
        item = next((one for one in outbox.items(conn, district) if one.item_id == item_id), None)
        found = outbox.receipts(conn, house.keyring, district, item_id) if item else []
    if item is None:
        raise StopDistrict(
            "WB17",
            f"District {district} has no grade on its way under the id {item_id}.",
            fix=f"See the ids with `sisbridge grades list {district} --all`.",
            place=item_id,
        )
    if not values:
        return [replace(one, before=None, sent=None, after=None) for one in found]
    with house.store.begin("look") as conn:
        digest, at = item.payload_digest, clock_of(known)()
        audit.append(conn, district, actor, LOOKED_AT, str(item_id), digest, digest, at)
    return found
