"""What a history of nights suggests as thresholds."""

from __future__ import annotations

from pathlib import Path

from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.sync.holding.suggest import suggestions
from tests.support.row_nights import Night, RowNights

EVERYONE = frozenset(f"u{number}" for number in range(40))


def test_the_fullest_ordinary_night_suggests_a_threshold_with_its_reason(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    house = House.open(Settings(home=tmp_path, database_url=url, demo=True, actor="tester"))
    district = RowNights(house)
    district.run(Night(EVERYONE))
    assert suggestions(house, district.district) == []
    for number in range(10):
        gone = {"u0", "u1", "u2"} if number == 4 else {f"u{number + 5}"}
        district.run(Night(EVERYONE - gone))
    found = {(one.table, one.threshold): one for one in suggestions(house, district.district)}
    users = found["users", "removed"]
    assert (users.usual, users.suggested, users.nights) == (0.1, 0.1, 10)
    assert "7.5% of the users" in users.reason
    house.close()
