"""What is landed comes back whole, sealed to its place, on a folder and on any other file system."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ContractBroken
from domain.ids import SnapshotId
from sisbridge.store import migrations
from sisbridge.store.database import Store
from sisbridge.store.landing import LandingZone
from sisbridge.store.sealing import Keyring
from tests.store.conftest import MASTER_KEY
from tests.store.examples import NORTH, SOUTH

ONE, TWO = SnapshotId("snap-1"), SnapshotId("..")
BATCH = pa.record_batch({"sourced_id": ["a", None]})


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Keyring]:
    """Keys of a store of their own: the landing zone does not care which database keeps them."""
    store = Store(f"sqlite:///{tmp_path / 'keys.db'}")
    migrations.upgrade(store)
    yield Keyring(store, MASTER_KEY)
    store.dispose()


@pytest.fixture(params=["folder", "memory"])
def zone(request: pytest.FixtureRequest, tmp_path: Path, ring: Keyring) -> LandingZone:
    """A landing zone in a folder, and one in an fsspec file system."""
    url = str(tmp_path / "landing") if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    return LandingZone(url, ring)


def test_objects_are_found_by_district_snapshot_and_prefix(zone: LandingZone) -> None:
    zone.write(NORTH, ONE, "raw/users?offset=100", b"2")
    zone.write(NORTH, ONE, "clean/users", b"1")
    zone.write(SOUTH, ONE, "raw/orgs", b"3")
    zone.write(NORTH, TWO, "raw/orgs", b"4")
    assert zone.names(NORTH, ONE) == ["clean/users", "raw/users?offset=100"]
    assert zone.names(NORTH, ONE, "raw/") == ["raw/users?offset=100"]
    assert zone.names(NORTH, SnapshotId("none")) == []
    assert zone.read(NORTH, TWO, "raw/orgs") == b"4"


def test_a_second_write_replaces_the_first(zone: LandingZone) -> None:
    zone.write(NORTH, ONE, "a", b"first")
    zone.write(NORTH, ONE, "a", b"")
    assert zone.read(NORTH, ONE, "a") == b""
    assert zone.names(NORTH, ONE) == ["a"]


def test_a_missing_object_says_so(zone: LandingZone) -> None:
    assert not zone.exists(NORTH, ONE, "a")
    with pytest.raises(ContractBroken, match="CF08"):
        zone.read(NORTH, ONE, "a")


def test_a_deleted_snapshot_is_gone_and_others_stay(zone: LandingZone) -> None:
    zone.write(NORTH, ONE, "a", b"1")
    zone.write(NORTH, TWO, "a", b"2")
    zone.delete_snapshot(NORTH, ONE)
    zone.delete_snapshot(NORTH, ONE)
    assert not zone.exists(NORTH, ONE, "a")
    assert zone.exists(NORTH, TWO, "a")


def test_what_lies_in_a_folder_is_for_its_owner_alone(tmp_path: Path, ring: Keyring) -> None:
    zone = LandingZone(str(tmp_path / "home" / "landing"), ring)
    zone.write(NORTH, ONE, "raw/users", b"1")
    zone.write(NORTH, ONE, "raw/users", b"2")
    made = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert sorted({oct(path.stat().st_mode & 0o777) for path in made if path.is_dir()}) == ["0o700"]
    assert [oct(path.stat().st_mode & 0o777) for path in made if path.is_file()] == ["0o600"]


def test_what_a_pull_keeps_lies_under_raw(zone: LandingZone) -> None:
    zone.for_pull(NORTH, ONE).keep("users/1.json", b"{}")
    assert zone.read(NORTH, ONE, "raw/users/1.json") == b"{}"


def test_batches_come_back_in_order(zone: LandingZone) -> None:
    zone.write_batches(NORTH, ONE, "users", (BATCH.slice(n, 1) for n in (1, 0, 1)))
    landed = [batch["sourced_id"].to_pylist() for batch in zone.read_batches(NORTH, ONE, "users")]
    assert landed == [[None], ["a"], [None]]


def test_batches_that_were_not_all_written_are_not_there(zone: LandingZone) -> None:
    def breaking_off() -> Iterator[pa.RecordBatch]:
        yield BATCH
        raise RuntimeError

    zone.write_batches(NORTH, ONE, "users", [BATCH, BATCH])
    with pytest.raises(RuntimeError):
        zone.write_batches(NORTH, ONE, "users", breaking_off())
    with pytest.raises(ContractBroken, match="CF08"):
        list(zone.read_batches(NORTH, ONE, "users"))


def test_fewer_batches_replace_more(zone: LandingZone) -> None:
    zone.write_batches(NORTH, ONE, "users", [BATCH] * 3)
    zone.write_batches(NORTH, ONE, "users", [BATCH])
    assert list(zone.read_batches(NORTH, ONE, "users")) == [BATCH]
    zone.write_batches(NORTH, ONE, "users", [])
    assert list(zone.read_batches(NORTH, ONE, "users")) == []


def test_some_columns_are_read_without_the_others(zone: LandingZone) -> None:
    landed = pa.record_batch({"sourced_id": ["a", "b"], "given_name": ["Ada", None], "digest": [b"1", b"2"]})
    zone.write_batches(NORTH, ONE, "users", [landed])
    (read,) = zone.read_batches(NORTH, ONE, "users", ["digest", "sourced_id"])
    assert read.to_pydict() == {"sourced_id": ["a", "b"], "digest": [b"1", b"2"]}


def test_batches_that_an_earlier_version_landed_are_still_read(zone: LandingZone) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, BATCH.schema) as writer:
        writer.write_batch(BATCH)
    zone.write(NORTH, ONE, "users/000000", sink.getvalue().to_pybytes())
    zone.write(NORTH, ONE, "users/end", b"1")
    assert list(zone.read_batches(NORTH, ONE, "users")) == [BATCH]


def test_files_are_sealed_and_bound_to_their_place(tmp_path: Path, ring: Keyring) -> None:
    zone = LandingZone(str(tmp_path / "z"), ring)
    zone.write(NORTH, ONE, "a", b"Ada Lovelace")
    (file,) = [path for path in (tmp_path / "z").rglob("*") if path.is_file()]
    assert b"Lovelace" not in file.read_bytes()
    file.rename(file.with_name("b.sealed"))
    with pytest.raises(ContractBroken, match="CF06"):
        zone.read(NORTH, ONE, "b")


def test_a_file_cut_short_is_not_taken_for_whole(tmp_path: Path, ring: Keyring) -> None:
    zone = LandingZone(str(tmp_path / "z"), ring)
    zone.write(NORTH, ONE, "a", b"x" * 1000)
    (file,) = [path for path in (tmp_path / "z").rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ContractBroken, match="CF06"):
        zone.read(NORTH, ONE, "a")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), data=st.binary())
def test_any_name_and_any_bytes_come_back(tmp_path: Path, ring: Keyring, name: str, data: bytes) -> None:
    zone = LandingZone(str(tmp_path / "any"), ring)
    zone.delete_snapshot(NORTH, ONE)
    zone.write(NORTH, ONE, name, data)
    assert zone.read(NORTH, ONE, name) == data
    assert zone.names(NORTH, ONE) == [name]


def test_a_pull_finds_again_what_it_kept_and_may_forget_it(zone: LandingZone) -> None:
    landing = zone.for_pull(NORTH, ONE)
    zone.write(NORTH, ONE, "clean/users", b"1")
    landing.keep("users/1.json", b"{}")
    landing.keep("orgs/1.json", b"[]")
    assert landing.kept("users/") == ["users/1.json"]
    assert landing.fetch("users/1.json") == b"{}"
    landing.forget("users/")
    landing.forget("users/")
    assert landing.kept() == ["orgs/1.json"]
    landing.forget()
    assert zone.names(NORTH, ONE) == ["clean/users"]


def test_batches_come_back_in_the_order_they_were_written(zone: LandingZone) -> None:
    writer = zone.batch_writer(NORTH, ONE, "users")
    for number in range(20):
        writer.write(pa.record_batch({"sourced_id": [str(number)] * (1 + 5000 * (number % 2))}))
    with pytest.raises(ContractBroken, match="CF08"):
        list(zone.read_batches(NORTH, ONE, "users"))
    writer.finish()
    read = [batch["sourced_id"][0].as_py() for batch in zone.read_batches(NORTH, ONE, "users")]
    assert read == [str(number) for number in range(20)]


def test_a_writer_that_is_given_up_does_not_write_where_the_next_one_begins_anew(zone: LandingZone) -> None:
    given_up, writer = zone.batch_writer(NORTH, ONE, "users"), zone.batch_writer(NORTH, ONE, "users")
    given_up.write(BATCH.slice(1))
    given_up._packers.shutdown()
    writer.write(BATCH)
    writer.finish()
    assert zone.names(NORTH, ONE) == ["users/000000", "users/end"]
    assert list(zone.read_batches(NORTH, ONE, "users")) == [BATCH]


def test_two_names_can_be_written_side_by_side(zone: LandingZone) -> None:
    users, roles = (zone.batch_writer(NORTH, ONE, name) for name in ("users", "roles"))
    for writer in (users, roles, users):
        writer.write(BATCH)
    users.finish()
    assert len(list(zone.read_batches(NORTH, ONE, "users"))) == 2
    with pytest.raises(ContractBroken, match="CF08"):
        list(zone.read_batches(NORTH, ONE, "roles"))
