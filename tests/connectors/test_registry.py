"""From a stored configuration to a connector, and the words when that cannot be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors import registry
from connectors.oneroster.gradebook import OneRosterGradebookSink
from connectors.oneroster.rest import OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.model import ConnectorConfig

GOOD = {
    "base_url": "https://sis.example/ims/oneroster/v1p1",
    "version": "1.1",
    "token_url": "https://sis.example/token",
    "client_id": "sisbridge",
}
SECRETS = {"client_secret": "north-secret"}
VAULT = {"north-secret": "s3cret", "north-vendor": "v:k"}


def config(
    kind: str, settings: Mapping[str, object] = GOOD, secrets: Mapping[str, str] = SECRETS
) -> ConnectorConfig:
    return ConnectorConfig(DistrictCode("north"), "roster", kind, settings, secrets)


def refusal(made: ConnectorConfig) -> StopDistrict:
    with pytest.raises(StopDistrict) as caught:
        registry.roster_source(made, VAULT.__getitem__)
    return caught.value


def test_a_roster_source_is_built_by_its_kind() -> None:
    made = registry.roster_source(config("oneroster_rest"), VAULT.__getitem__)
    assert isinstance(made, OneRosterRestSource)


def test_a_grade_sink_knows_its_district() -> None:
    made = registry.grade_sink(config("oneroster_gradebook"), VAULT.__getitem__)
    assert isinstance(made, OneRosterGradebookSink)
    assert made.district == "north"


@pytest.mark.parametrize("kinds", [registry.ROSTER_SOURCES, registry.GRADE_ROUTES, registry.GRADE_SOURCES])
def test_every_kind_has_settings(kinds: Mapping[str, str]) -> None:
    for kind in kinds:
        assert registry.settings_class(kind).model_fields


def test_secrets_are_filled_in_also_as_headers_and_stay_hidden() -> None:
    secrets = {"client_secret": "north-secret", "secret_headers.X-Vendor": "north-vendor"}
    made = config("oneroster_rest", secrets=secrets)
    values = registry._with_secrets(made, VAULT.__getitem__)
    settings = OneRosterRestSettings.model_validate(values)
    assert settings.client_secret.get_secret_value() == "s3cret"
    assert settings.secret_headers["X-Vendor"].get_secret_value() == "v:k"
    assert not [secret for secret in VAULT.values() if secret in repr(settings)]


def test_an_unknown_kind_lists_the_known_ones() -> None:
    error = refusal(config("edifact"))
    assert error.code == "CF50"
    assert "oneroster_rest" in error.fix


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"base_url": None}, "base_url"),
        ({"page_size": 0}, "page_size"),
        ({"token_url": ""}, "token_url"),
        ({"pagesize": 5}, "pagesize"),
        ({"version": "1.2", "auth": "oauth1"}, "oauth1"),
    ],
)
def test_bad_settings_are_named(change: dict[str, object], named: str) -> None:
    error = refusal(config("oneroster_rest", {**GOOD, **change}))
    assert error.code == "CF51"
    assert named in error.message


def test_a_secret_in_clear_is_refused_without_showing_it() -> None:
    error = refusal(config("oneroster_rest", {**GOOD, "client_secret": "in-clear"}))
    assert error.code == "CF52"
    assert "in-clear" not in f"{error}{error.fix}"


@pytest.mark.parametrize(
    ("kind", "settings", "secrets"),
    [
        ("oneroster_rest", GOOD, SECRETS),
        ("oneroster_csv", {"path": "/nowhere/roster.zip"}, {}),
        (
            "oneroster_csv_sftp",
            {"host": "h", "username": "u", "host_key": "k"},
            {"password": "north-secret"},
        ),
    ],
)
def test_demographics_are_turned_on_by_true_and_by_nothing_that_looks_like_it(
    kind: str, settings: Mapping[str, object], secrets: Mapping[str, str]
) -> None:
    error = refusal(config(kind, {**settings, "demographics": "yes"}, secrets))
    assert (error.code, "Correct demographics" in error.fix) == ("CF51", True)
    for chosen in (True, False):
        made = config(kind, {**settings, "demographics": chosen}, secrets)
        assert registry.roster_source(made, VAULT.__getitem__)
    assert registry.settings_class(kind).model_fields["demographics"].default is False


@pytest.mark.parametrize("kind", ["csv_sftp", "powerschool_powerquery", "powerschool_files_sftp"])
def test_a_way_that_is_no_oneroster_has_no_birth_dates_to_turn_on(kind: str) -> None:
    assert "demographics" not in registry.settings_class(kind).model_fields
    assert "demographics" in refusal(config(kind, {"demographics": True}, {})).message


def test_a_gradebooks_version_is_named_and_not_looked_for_each_time() -> None:
    with pytest.raises(StopDistrict, match="CF51") as caught:
        registry.grade_sink(config("oneroster_gradebook", {**GOOD, "version": "auto"}), VAULT.__getitem__)
    assert "set it to 1.1 or 1.2" in caught.value.message
