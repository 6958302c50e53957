"""What a programmer who uses the client alone is told when a call cannot be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.oneroster.client import OneRosterClient, OneRosterPackage
from connectors.oneroster.settings import OneRosterConnection
from domain.errors import RowRejected, SisbridgeError, StopDistrict
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import RunningProvider

Call = Callable[[OneRosterClient], object]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningProvider]:
    with RunningProvider(Dataset.from_csv_zip(SMALL), Version.V1P2) as running:
        yield running


@pytest.fixture
def client(server: RunningProvider) -> Iterator[OneRosterClient]:
    settings = OneRosterConnection(
        base_url=server.rostering_url, token_url=server.token_url, attempts=1,
        client_id=server.client_id, client_secret=server.client_secret,
    )  # fmt: skip
    with OneRosterClient(settings) as made:
        yield made


@pytest.mark.parametrize(
    ("call", "kind", "code", "fix"),
    [
        (lambda it: it.all("user"), StopDistrict, "CF90", "users"),
        (lambda it: it.all("roles"), StopDistrict, "CF90", "users"),
        (lambda it: it.one("user", "u"), StopDistrict, "CF90", "users"),
        (lambda it: it.put("users", {"sourcedId": "u"}), StopDistrict, "CF91", "results"),
        (lambda it: it.delete("users", "u"), StopDistrict, "CF91", "results"),
        (lambda it: it.create("orgs", [{"sourcedId": "o"}], ("orgs", "s")), StopDistrict, "CF91", "results"),
        (lambda it: it.put("results", {"score": 1}), RowRejected, "WB41", "sourcedId"),
        (lambda it: it.put("results", {"sourcedId": "r"}), RowRejected, "WB41", "complete"),
        (lambda it: it.all("students", below=("classes", "c")), StopDistrict, "CN04", "roster.readonly"),
        (lambda it: it.all("demographics"), StopDistrict, "CN04", "roster-demographics.readonly"),
        (lambda it: it.all("resources"), StopDistrict, "CN04", "resource.readonly"),
        (lambda it: it.all("assessmentResults"), StopDistrict, "CN04", "assessment.readonly"),
        (lambda it: it.all("categories", below=("classes", "c")), StopDistrict, "CN05", "record is there"),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_right_says_what_to_do(
    client: OneRosterClient, call: Call, kind: type[SisbridgeError], code: str, fix: str
) -> None:
    with pytest.raises(kind) as caught:
        call(client)
    assert (caught.value.code, fix in caught.value.fix) == (code, True)


def test_what_cannot_be_right_is_not_sent(client: OneRosterClient, server: RunningProvider) -> None:
    server.forget_requests()
    for call in (lambda: client.put("users", {"sourcedId": "u"}), lambda: client.all("user")):
        with pytest.raises(StopDistrict):
            call()
    assert client.create("results", [], below=("lineItems", "l")) == {}
    assert server.urls == []


def test_a_package_names_what_is_not_there() -> None:
    with pytest.raises(StopDistrict, match="FL04"):
        OneRosterPackage(Path("/nowhere/roster.zip"))
    with OneRosterPackage(SMALL) as package, pytest.raises(StopDistrict, match="CF90"):
        next(package.all("demographics"))
