"""The client alone, as somebody without the rest of the house would use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.oneroster.client import OneRosterClient
from connectors.oneroster.settings import OneRosterConnection
from domain.errors import RowRejected, StopDistrict
from domain.oneroster import Service, Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import RunningProvider


@pytest.fixture(params=list(Version))
def provider(request: pytest.FixtureRequest) -> Iterator[RunningProvider]:
    with RunningProvider(Dataset.from_csv_zip(SMALL), request.param) as made:
        yield made


@pytest.fixture
def client(provider: RunningProvider) -> Iterator[OneRosterClient]:
    settings = OneRosterConnection(
        base_url=provider.rostering_url, version=provider.version, token_url=provider.token_url,
        client_id=provider.client_id, client_secret=provider.client_secret, attempts=1,
    )  # fmt: skip
    with OneRosterClient(settings) as made:
        yield made


def test_collections_and_their_subsets_are_read_whole(client: OneRosterClient) -> None:
    users = {user["sourcedId"] for user in client.all("users")}
    students = {user["sourcedId"] for user in client.all("students")}
    assert len(users) == 268
    assert 0 < len(students) < len(users)
    assert students < users


def test_one_record_is_found_by_its_id_or_is_not_there(client: OneRosterClient) -> None:
    session = next(client.all("academicSessions"))
    assert client.one("academicSessions", str(session["sourcedId"])) == session
    assert client.one("terms", "nowhere/at all") is None


def test_what_is_put_can_be_read_and_deleted(client: OneRosterClient) -> None:
    stamp = {"status": "active", "dateLastModified": "2026-01-01T00:00:00.000Z"}
    client.put("categories", {"sourcedId": "k", "title": "Final Grade", **stamp})
    assert [record["title"] for record in client.all("categories")] == ["Final Grade"]
    assert client.delete("categories", "k")
    assert not client.delete("categories", "k")


def test_a_refused_record_is_named_by_its_id(client: OneRosterClient) -> None:
    with pytest.raises(RowRejected) as caught:
        client.put("categories", {"sourcedId": "k"})
    assert (caught.value.code, caught.value.key) == ("WB41", "k")


def test_a_collection_that_no_server_has_is_named(client: OneRosterClient) -> None:
    with pytest.raises(StopDistrict, match=r"CF90.*userProfiles"):
        next(client.all("userProfiles"))


@pytest.mark.parametrize(
    ("pasted", "root"),
    [
        ("https://h/ims/oneroster/rostering/v1p2/", "https://h/ims/oneroster/gradebook/v1p2"),
        ("https://h/x/ims/oneroster/gradebook/v1p2", "https://h/x/ims/oneroster/gradebook/v1p2"),
        ("https://h/api/ims/oneroster/v1p1", "https://h/api/ims/oneroster/v1p1"),
    ],
)
def test_the_other_services_root_follows_from_the_one_pasted(pasted: str, root: str) -> None:
    settings = OneRosterConnection(base_url=pasted, auth="bearer", bearer_token="t")
    assert settings.root(Service.GRADEBOOK) == root


def test_a_root_given_for_a_service_is_taken_as_it_is() -> None:
    settings = OneRosterConnection(
        base_url="https://h/ims/oneroster/rostering/v1p2", gradebook_url="https://g/own",
        auth="bearer", bearer_token="t",
    )  # fmt: skip
    assert settings.root(Service.GRADEBOOK) == "https://g/own"
    assert settings.root(Service.ROSTERING) == "https://h/ims/oneroster/rostering/v1p2"
