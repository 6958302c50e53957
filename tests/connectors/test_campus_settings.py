"""What an administrator pastes leads to the right addresses, or is refused with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.infinite_campus.addresses import gradebook_root, rostering_root, token_address
from connectors.infinite_campus.settings import CampusRosterSettings
from domain.oneroster import Version

OLD, NEW = Version.V1P1, Version.V1P2
HOST = "https://north.infinitecampus.org"
APP = f"{HOST}/campus/api/oneroster/v1p2/northapp/ims/oneroster"
PLAIN = f"{HOST}/campus/api/ims/oneroster"


@pytest.mark.parametrize(
    ("pasted", "version", "root"),
    [
        (APP, NEW, f"{APP}/rostering/v1p2"),
        (f"{APP}/", NEW, f"{APP}/rostering/v1p2"),
        (f"{APP}/rostering/v1p2/", NEW, f"{APP}/rostering/v1p2"),
        (f"{APP}/gradebook/v1p2", NEW, f"{APP}/rostering/v1p2"),
        (f"{APP}/rostering", NEW, f"{APP}/rostering/v1p2"),
        (APP.removesuffix("/ims/oneroster"), NEW, f"{APP}/rostering/v1p2"),
        (f"{PLAIN}/rostering/v1p2", NEW, f"{PLAIN}/rostering/v1p2"),
        (f"{PLAIN}/rostering/v1p1", OLD, f"{PLAIN}/rostering/v1p1"),
        (PLAIN, NEW, f"{PLAIN}/rostering/v1p2"),
        (PLAIN, OLD, f"{PLAIN}/v1p1"),
        (HOST, NEW, f"{PLAIN}/rostering/v1p2"),
        ("north.infinitecampus.org/campus/", NEW, f"{PLAIN}/rostering/v1p2"),
        (f"  {HOST}/campus/portal/north.jsp ", NEW, f"{PLAIN}/rostering/v1p2"),
        ("https://campus.north.k12.in.us/proxy", NEW,
         "https://campus.north.k12.in.us/proxy/campus/api/ims/oneroster/rostering/v1p2"),
    ],
)  # fmt: skip
def test_only_what_is_missing_is_added_to_a_pasted_base_url(pasted: str, version: Version, root: str) -> None:
    assert rostering_root(pasted, version) == root
    assert rostering_root(root, version) == root


SEGMENT = st.sampled_from(
    ["campus", "api", "ims", "oneroster", "rostering", "gradebook", "v1p2", "north", "portal", "proxy"]
)


@given(st.lists(SEGMENT, max_size=8), st.sampled_from(["", "/", "//"]))
def test_a_root_once_completed_stays_as_it_is(segments: list[str], end: str) -> None:
    root = rostering_root("/".join([HOST, *segments]) + end, NEW)
    assert root.startswith(HOST)
    assert rostering_root(root, NEW) == root


def test_an_address_of_the_other_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"base_url is of OneRoster 1\.1"):
        rostering_root(f"{PLAIN}/rostering/v1p1", NEW)


def test_the_gradebook_stands_beside_the_roster_in_1p2_and_is_the_same_in_1p1() -> None:
    assert gradebook_root(f"{APP}/rostering/v1p2", NEW) == f"{APP}/gradebook/v1p2"
    assert gradebook_root(f"{PLAIN}/v1p1", OLD) == f"{PLAIN}/v1p1"


def test_a_token_url_has_its_application_or_is_given_it_or_is_refused() -> None:
    bare = f"{HOST}/campus/oauth2/token"
    assert token_address(f"{bare}?appName=a", "b") == f"{bare}?appName=a"
    assert token_address(bare, "b") == f"{bare}?appName=b"
    assert token_address(f"{bare}?appName=&x=1", "b") == f"{bare}?x=1&appName=b"
    with pytest.raises(ValueError, match="Token URL"):
        token_address(bare, "")


def settings(**changes: object) -> CampusRosterSettings:
    values = {"base_url": APP, "token_url": f"{HOST}/campus/oauth2/token?appName=a", "client_id": "c"}
    return CampusRosterSettings.model_validate({**values, "client_secret": "s", **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token_url": f"{HOST}/campus/oauth2/token"}, "appName"),
        ({"auth": "oauth1", "version": "1.1"}, "30 June 2023"),
        ({"version": "auto"}, "version has to be"),
        ({"in_flight": 6}, "less than or equal to 5"),
        ({"peak_hours": "from 7 to 4"}, "07:00-16:00"),
        ({"peak_hours": "16:00-07:00"}, "same day"),
        ({"peak_hours": "25:00-26:00"}, "07:00-16:00"),
        ({"time_zone": "Indiana"}, "time_zone"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_before_anything_is_sent(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**changes)


@pytest.mark.parametrize(
    ("moment", "peak"),
    [
        (datetime(2026, 1, 20, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 20, 11, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 20, 12, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 20, 21, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 24, 15, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 20, 11, 0, tzinfo=UTC), True),
    ],
)
def test_peak_hours_are_those_of_the_district_on_school_days(moment: datetime, peak: bool) -> None:
    assert settings().at_peak(moment) is peak
    assert settings(peak_hours="").at_peak(moment) is False
