"""Which letter a percent is, on two scales that public high schools publish."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StopDistrict
from mappings.scales import letter, one_decimal, scale_from

SHENANDOAH = {
    "A+": 98, "A": 92, "A-": 90, "B+": 88, "B": 82, "B-": 80, "C+": 78, "C": 72, "C-": 70,
    "D+": 68, "D": 62, "D-": 60, "F": 0,
}  # fmt: skip
IU_HIGH_SCHOOL = {
    "A+": 97, "A": 93, "A-": 90, "B+": 87, "B": 83, "B-": 80, "C+": 77, "C": 73, "C-": 70,
    "D+": 67, "D": 63, "D-": 60, "F": 0,
}  # fmt: skip


def test_the_same_percent_is_another_letter_elsewhere() -> None:
    assert letter(scale_from({"bands": SHENANDOAH}), Decimal("92.5")) == "A"
    assert letter(scale_from({"bands": IU_HIGH_SCHOOL}), Decimal("92.5")) == "A-"


@pytest.mark.parametrize(
    ("percent", "expected"),
    [("93", "A"), ("92.99", "A-"), ("104", "A+"), ("60", "D-"), ("59.9", "F"), ("0", "F"), ("-3", "F")],
)
def test_a_band_begins_at_its_minimum(percent: str, expected: str) -> None:
    assert letter(scale_from({"bands": IU_HIGH_SCHOOL}), Decimal(percent)) == expected


@pytest.mark.parametrize(
    ("rounding", "places", "percent", "expected"),
    [
        ("none", 0, "92.5", "A-"),
        ("half_up", 0, "92.5", "A"),
        ("half_up", 0, "92.49", "A-"),
        ("half_even", 0, "92.5", "A-"),
        ("half_even", 0, "96.5", "A"),
        ("half_up", 1, "92.95", "A"),
        ("floor", 0, "92.99", "A-"),
    ],
)
def test_a_percent_is_rounded_as_the_district_rounds(
    rounding: str, places: int, percent: str, expected: str
) -> None:
    scale = scale_from({"bands": IU_HIGH_SCHOOL, "rounding": rounding, "places": places})
    assert letter(scale, Decimal(percent)) == expected


@pytest.mark.parametrize(
    ("percent", "sent"), [("92.55", "92.6"), ("92.54", "92.5"), ("92", "92.0"), ("100", "100.0")]
)
def test_a_percent_is_sent_with_one_decimal(percent: str, sent: str) -> None:
    assert str(one_decimal(Decimal(percent))) == sent


def test_a_version_names_the_content_and_nothing_else() -> None:
    turned = dict(reversed(IU_HIGH_SCHOOL.items()))
    first, same = scale_from({"bands": IU_HIGH_SCHOOL}), scale_from({"bands": {**turned, "A": "93.0"}})
    assert first.version == same.version
    assert len(first.version) == 12
    others = [
        {"bands": SHENANDOAH},
        {"bands": IU_HIGH_SCHOOL, "rounding": "half_up"},
        {"bands": IU_HIGH_SCHOOL, "rounding": "half_up", "places": 1},
    ]
    assert len({first.version, *(scale_from(other).version for other in others)}) == 4


def test_a_named_version_is_kept() -> None:
    assert scale_from({"bands": SHENANDOAH, "version": "2025 handbook"}).version == "2025 handbook"


@pytest.mark.parametrize(
    "settings",
    [
        None,
        {},
        {"bands": {}},
        {"bands": ["A", 93]},
        {"bands": {"A": 90, "B": 80}},
        {"bands": {"A": 90, "B": 90, "F": 0}},
        {"bands": {"A": "ninety", "F": 0}},
        {"bands": {"A": "NaN", "F": 0}},
        {"bands": {"A": True, "F": 0}},
        {"bands": {"": 90, "F": 0}},
        {"bands": {"A": 90, "F": 0}, "rounding": "up"},
        {"bands": {"A": 90, "F": 0}, "places": -1},
        {"bands": {"A": 90, "F": 0}, "places": "1"},
        {"bands": {"A": 90, "F": 0}, "scale": "x"},
    ],
)
def test_a_scale_that_leaves_a_doubt_stops_the_district_with_the_fix(settings: object) -> None:
    with pytest.raises(StopDistrict) as caught:
        scale_from(settings)
    assert caught.value.code == "CF32"
    assert "bands" in caught.value.fix


PERCENTS = st.decimals(0, 110, places=2)


@given(PERCENTS, PERCENTS, st.sampled_from(["none", "half_up", "half_even", "floor"]))
def test_a_higher_percent_never_has_a_lower_letter(one: Decimal, other: Decimal, rounding: str) -> None:
    scale = scale_from({"bands": IU_HIGH_SCHOOL, "rounding": rounding})
    order = [name for _, name in scale.bands]
    assert order.index(letter(scale, max(one, other))) <= order.index(letter(scale, min(one, other)))
