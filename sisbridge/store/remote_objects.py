"""What a SIS calls our line items and results where it chose the id, so that corrections find them."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode
from sisbridge.store.tables.grades import remote_object
from sisbridge.store.upsert import upsert


def remember(conn: Connection, district: DistrictCode, route: str, ids: Mapping[str, str]) -> None:
    """Remember remote ids by ours, replacing what was remembered of the same ones."""
    key = {"district_code": district, "route": route}
    upsert(conn, remote_object, [{**key, "our_id": ours, "remote_id": ids[ours]} for ours in sorted(ids)])


def remembered(conn: Connection, district: DistrictCode, route: str) -> dict[str, str]:
    """Return the remote ids of a district's route by ours."""
    table = remote_object.c
    wanted = sa.select(table.our_id, table.remote_id).where(
        table.district_code == district, table.route == route
    )
    return {row.our_id: row.remote_id for row in conn.execute(wanted)}
