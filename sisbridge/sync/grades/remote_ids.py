"""What a SIS calls our line items and results, kept between deliveries for the sinks that want to know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.protocol import GradeSink
from connectors.traits import RemembersIds
from domain.model import District
from sisbridge.house import House
from sisbridge.store import remote_objects


@contextmanager
def reminded(house: House, district: District, sink: GradeSink, route: str) -> Iterator[None]:
    """Tell the sink what the SIS calls our things, and keep what it learns, on every path."""
    _remind(house, district, sink, route)
    try:
        yield
    finally:
        remember(house, district, sink, route)


def _remind(house: House, district: District, sink: GradeSink, route: str) -> None:
    """Tell the sink what the SIS calls our things, where it chose."""
    if isinstance(sink, RemembersIds):
        with house.store.read() as conn:
            sink.know(remote_objects.remembered(conn, district.code, route))


def remember(house: House, district: District, sink: GradeSink, route: str) -> None:
    """Keep what the sink learnt, on every path: what is lost is looked up by how it looks."""
    learnt = sink.learnt() if isinstance(sink, RemembersIds) else {}
    if learnt:
        with house.store.begin("remote-ids") as conn:
            remote_objects.remember(conn, district.code, route, learnt)
