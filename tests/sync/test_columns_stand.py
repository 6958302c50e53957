"""A column of grades that one answer does not show is not gone: nothing of it goes a second time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ContractBroken
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver
from sisbridge.sync.night import sync_district
from tests.support.powerschool_grades import PowerSchoolGrades
from tests.support.small_region import NOW, REST, SmallRegion

ONE_LINE_ITEM = "lineItems/*"


class ByWay(SmallRegion):
    """The small region whose first district's gradebook is written to by PUT or by POST."""

    way = "put"

    def entries(self, now: datetime = NOW, **settings: Any) -> dict[str, Any]:
        """Return the region file's content."""
        content = super().entries(now, **settings)
        grades = content["district"][0]["grades"]
        content["district"][0]["grades"] = {
            **grades,
            "settings": {**grades["settings"], "write_by": self.way},
        }
        return content


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """The districts' simulated SISs."""
    with ByWay(tmp_path_factory.mktemp("sis")) as region:
        yield region


def sent(house: House, region: SmallRegion, *percents: float) -> DeliveryCounts:
    """Collect, release and deliver finals of the first students."""
    rows = [f"{REST},u{number},{percent}" for number, percent in enumerate(percents)]
    collect_from(house, region.grade_file(rows))
    release(house, REST, "tester")
    return deliver(house, REST)


@pytest.mark.parametrize("way", ["put", "post"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.STATUS, status=400, path=ONE_LINE_ITEM, method="GET", times=None),
        Fault(FaultKind.STATUS, status=404, path=ONE_LINE_ITEM, method="GET", body="html", times=None),
        Fault(FaultKind.DROPPED_KEYS, path=ONE_LINE_ITEM, method="GET", keys=("sourcedId",), times=None),
    ],
    ids=["refused", "a page of a proxy", "nothing in the answer"],
)
def test_a_column_that_is_refused_once_gets_no_twin_and_no_grade_again(
    house: House, region: ByWay, way: str, fault: Fault
) -> None:
    region.way = way
    region.load(house)
    sync_district(house, REST)
    sent(house, region, 88.5, 77)
    dataset = region.provider.dataset
    (theirs,) = (one for one in dataset.records("results") if one["student"]["sourcedId"] == "u1")
    dataset.change("results", theirs["sourcedId"], NOW + timedelta(hours=1), score=99.0)
    region.provider.faults.add(fault)
    assert sent(house, region, 90.5).confirmed == 2
    assert len(dataset.records("lineItems")) == 1
    held = {one["student"]["sourcedId"]: one["score"] for one in dataset.records("results")}
    assert held == {"u0": 90.5, "u1": 99.0}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.NO_ENVELOPE, path="xte/section/assignment"),
        Fault(FaultKind.DROPPED_KEYS, path="schema/query", keys=("record", "@extensions")),
    ],
    ids=["assignments", "a query"],
)
def test_an_answer_of_powerschool_without_a_list_stops_the_delivery_and_is_no_empty_list(
    tmp_path: Path, fault: Fault
) -> None:
    with PowerSchoolGrades(tmp_path, "powerschool_gradebook", by="xte") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        sync_district(house, REST)
        region.sent(house, "88.5,,,", "77,,,")
        region.sis.faults.add(fault)
        with pytest.raises(ContractBroken, match="PG04"):
            region.sent(house, "90.5,,,")
        assert deliver(house, REST).confirmed == 2
        scores = region.sis.tables.rows("assignmentscore")
        assert sorted(score["scorepoints"] for score in scores) == [77, 90.5]
        assert len(region.sis.tables.rows("assignmentsection")) == 1
        house.close()
