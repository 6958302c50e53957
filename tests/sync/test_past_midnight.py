"""A night that goes on past midnight is still the night it began as."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from sisbridge.house import House
from sisbridge.store import runs
from sisbridge.store.tables.roster import change
from sisbridge.sync import night
from tests.support.small_region import NOW, REST, SmallRegion


def test_what_is_applied_after_midnight_is_dated_as_its_run(house: House, region: SmallRegion) -> None:
    run_id = night.begin(house, REST)
    for stage in night.REHEARSED:
        night.step(house, REST, run_id, stage)
    region.load(house, NOW + timedelta(hours=21))
    for stage in ("apply", "seats"):
        night.step(house, REST, run_id, stage)
    night.finish(house, REST, run_id)
    with house.store.read() as conn:
        dated = set(conn.scalars(sa.select(change.c.night_on)))
        assert runs.get(conn, REST, run_id).night_on == date(2026, 1, 20)
    assert dated == {date(2026, 1, 20)}
