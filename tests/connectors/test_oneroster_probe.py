"""Whatever address of the SIS an admin pastes, the server behind it is found, or it is said why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connectors.oneroster.probe import candidates, probe, shape_of
from connectors.oneroster.settings import OneRosterRestSettings
from domain.clock import FixedClock
from domain.errors import RetryLater, SisbridgeError, StopDistrict
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import Fault, FaultKind, RunningProvider
from tests.support.rest import AT, Kept, ids, source

OLD, NEW = Version.V1P1, Version.V1P2
V1P1, V1P2 = "/ims/oneroster/v1p1", "/ims/oneroster/rostering/v1p2"
Start = Callable[..., RunningProvider]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def go(version: Version = NEW) -> Any:
            made = RunningProvider(Dataset.from_csv_zip(SMALL), version, clock=FixedClock(AT))
            return stack.enter_context(made)

        yield go


def settings(provider: RunningProvider, path: str, **changes: object) -> OneRosterRestSettings:
    given = {
        "base_url": provider.base_url + path, "version": "auto", "token_url": provider.token_url,
        "client_id": provider.client_id, "client_secret": provider.client_secret,
        "first_wait": 0.01, "attempts": 2, "patience": 1,
    }  # fmt: skip
    return OneRosterRestSettings.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("pasted", "first"),
    [
        ("https://sis.example", "https://sis.example" + V1P2),
        ("sis.example/", "https://sis.example" + V1P2),
        ("https://sis.example/ims/oneroster/v1p1/", "https://sis.example" + V1P1),
        ("https://sis.example/ims/oneroster/v1p1/users?limit=1", "https://sis.example" + V1P1),
        ("https://sis.example/ims/oneroster/gradebook/v1p2", "https://sis.example" + V1P2),
        ("https://sis.example/api/ims/oneroster/rostering/v1p2", "https://sis.example/api" + V1P2),
        ("https://sis.example/district7/ims/oneroster", "https://sis.example/district7/ims/oneroster"),
    ],
)
def test_the_likeliest_address_is_tried_first(pasted: str, first: str) -> None:
    assert candidates(pasted)[0].root == first


def test_a_bare_host_is_tried_below_every_known_path_once() -> None:
    roots = [(one.root.removeprefix("https://sis.example"), one.version) for one in candidates("sis.example")]
    assert roots == [(V1P2, NEW), (V1P1, OLD), ("/api" + V1P2, NEW), ("/api" + V1P1, OLD)]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    "path", ["", "/", V1P1, V1P2 + "/", "/ims/oneroster", "/ims/oneroster/rostering", V1P1 + "/orgs?limit=5"]
)
def test_the_server_is_found_from_any_address_pasted(start: Start, version: Version, path: str) -> None:
    provider = start(version)
    found = probe(settings(provider, path))
    assert (found.version, found.shape) == (version, version)
    assert found.rostering_url == provider.rostering_url
    assert found.gradebook_url == provider.gradebook_url


def test_a_pull_with_version_auto_reads_what_was_found(start: Start) -> None:
    provider = start(OLD)
    pull = source(provider, base_url=provider.base_url, version="auto").open(None, Kept())
    assert (pull.facts.version, len(ids(pull)["users"])) == ("1.1", 268)
    pull.close()


def test_a_check_with_version_auto_says_what_it_found(start: Start) -> None:
    provider = start(OLD)
    report = source(provider, base_url=provider.base_url, version="auto").check()
    assert report.passed
    (step,) = [one for one in report.steps if one.name == "address"]
    assert step.message == f"OneRoster 1.1 at {provider.rostering_url} (address 2 of those tried)"


def test_a_check_names_the_address_and_version_to_set(start: Start) -> None:
    provider = start(OLD)
    report = source(provider, base_url=provider.base_url + V1P2, version="1.2", scopes=()).check()
    (step,) = [one for one in report.steps if one.outcome == "failed"]
    assert (step.name, step.fix) == (
        "address",
        f"Set base_url to {provider.rostering_url} and version to 1.1",
    )


@pytest.mark.parametrize(("served", "said"), [(OLD, NEW), (NEW, OLD)])
def test_the_other_versions_records_are_said(start: Start, served: Version, said: Version) -> None:
    provider = start(served)
    report = source(provider, version=said, scopes=()).check()
    (step,) = [one for one in report.steps if one.name == "address"]
    assert step.message.endswith(f"its users come in the shape of {served}, which is read too")


def test_nothing_found_is_said_with_the_setting_to_mend(start: Start) -> None:
    with pytest.raises(StopDistrict) as caught:
        probe(settings(start(), "/nowhere"))
    assert (caught.value.code, "base_url" in caught.value.fix) == ("CN05", True)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(FaultKind.WRONG_SECRET, times=None), "CN03"),
        (Fault(FaultKind.STATUS, status=403, times=None), "CN04"),
        (Fault(FaultKind.HTML, times=None), "CN08"),
    ],
)
def test_the_reason_of_the_first_address_is_given(start: Start, fault: Fault, code: str) -> None:
    provider = start()
    provider.faults.add(fault)
    with pytest.raises(SisbridgeError, match=code):
        probe(settings(provider, V1P2))


def test_a_busy_server_is_asked_later_not_elsewhere(start: Start) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.STATUS, status=503, times=None))
    with pytest.raises(RetryLater, match="CN07"):
        probe(settings(provider, V1P2))
    assert all("rostering/v1p2/orgs" in url for url in provider.urls if "orgs" in url)


def test_a_user_shows_its_version() -> None:
    assert shape_of({"roles": []}) is NEW
    assert shape_of({"role": "student", "orgs": []}) is OLD
    assert shape_of({"givenName": "x"}) is None
