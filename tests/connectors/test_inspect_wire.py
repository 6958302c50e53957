"""What carries a server's answers, as an inspection sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.oneroster.conformance import Deviations
from connectors.oneroster.inspect_wire import announcements, transport
from domain.oneroster import Version
from tests.support.tls import self_signed, shaking_hands


@pytest.mark.parametrize(("days_ago", "codes"), [(0, ["OR-H13"]), (40, [])])
def test_the_certificate_is_looked_at_and_its_end_told(
    tmp_path: Path, days_ago: int, codes: list[str]
) -> None:
    context, certificate = self_signed(tmp_path)
    now = datetime.now(UTC)
    found = Deviations(Version.V1P1)
    with shaking_hands(context) as root:
        said = transport(root, str(certificate), found, now - timedelta(days=days_ago))
    assert said == f"https, TLSv1.3, certificate until {now + timedelta(days=1):%Y-%m-%d}"
    assert [one.code for one in found.all()] == codes


def test_a_server_that_is_away_is_no_deviation() -> None:
    found = Deviations(Version.V1P1)
    said = transport("https://127.0.0.1:1/", "", found, datetime.now(UTC))
    assert said == "https; the certificate could not be looked at"
    assert found.all() == ()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        (
            {"Sunset": "Wed, 30 Jun 2027 00:00:00 GMT", "Deprecation": "@1735689600"},
            [("OR-H14", "Deprecation"), ("OR-H14", "Sunset")],
        ),
    ],
)
def test_a_server_that_announces_its_end_is_reported(
    headers: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    found = Deviations(Version.V1P2)
    announcements(headers, "/users", found)
    assert [(one.code, one.field) for one in found.all()] == expected
