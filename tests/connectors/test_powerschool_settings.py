"""What a district writes of its PowerSchool server, and what is made of it."""

from __future__ import annotations

import pytest

from connectors.powerschool.metadata import QUERY_PAGES, most_rows
from connectors.powerschool.settings import PowerSchoolConnection, PowerSchoolOneRosterSettings

KEY = {"client_id": "id", "client_secret": "s3cret"}


@pytest.mark.parametrize(
    ("pasted", "root"),
    [
        ("https://sis.example", "https://sis.example"),
        ("sis.example/admin/home.html", "https://sis.example"),
        (" https://sis.example:8443/ ", "https://sis.example:8443"),
    ],
)
def test_a_pasted_address_is_cut_to_the_server(pasted: str, root: str) -> None:
    assert PowerSchoolConnection.model_validate({**KEY, "base_url": pasted}).root == root


def test_the_token_address_of_oneroster_is_the_servers_own() -> None:
    base = "https://sis.example/api/ims/oneroster/v1p1"
    made = PowerSchoolOneRosterSettings.model_validate({**KEY, "base_url": base})
    assert made.token_url == "https://sis.example/oauth/access_token"
    assert made.version.value == "1.1"


@pytest.mark.parametrize(
    ("told", "wanted", "rows"),
    [(100, None, 100), (1000, 500, 500), (100, 500, 100), (0, None, 250), ("250", None, 250), (None, 40, 40)],
)
def test_no_more_rows_are_asked_for_than_the_plugin_allows(
    told: object, wanted: int | None, rows: int
) -> None:
    assert most_rows({QUERY_PAGES: told}, QUERY_PAGES, wanted, 250) == rows
