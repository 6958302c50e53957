"""What a SIS calls our things is kept by district and route."""

from __future__ import annotations

from sisbridge.store import remote_objects
from sisbridge.store.database import Store
from tests.store.examples import NORTH, SOUTH


def test_ids_are_remembered_by_district_and_route_and_the_last_one_counts(region: Store) -> None:
    with region.begin("x") as conn:
        remote_objects.remember(conn, NORTH, "gradebook", {"a": "1", "b": "2"})
        remote_objects.remember(conn, NORTH, "gradebook", {"b": "3"})
        remote_objects.remember(conn, SOUTH, "gradebook", {"a": "9"})
        remote_objects.remember(conn, NORTH, "other", {})
    with region.read() as conn:
        assert remote_objects.remembered(conn, NORTH, "gradebook") == {"a": "1", "b": "3"}
        assert remote_objects.remembered(conn, NORTH, "other") == {}
