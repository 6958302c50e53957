"""What is sealed for one district and purpose opens for no other, and keys can be rotated and destroyed."""

from __future__ import annotations

import os
import threading

import pytest
import sqlalchemy as sa

from domain.errors import ContractBroken, StopDistrict
from sisbridge.store.database import Store
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.region import district_key
from tests.store.conftest import MASTER_KEY
from tests.store.examples import NORTH, SOUTH, undone


def test_what_was_sealed_opens_again_in_another_process(store: Store, keyring: Keyring) -> None:
    sealed = keyring.seal(NORTH, b"88.5", "grade")
    assert b"88.5" not in sealed
    assert Keyring(store, MASTER_KEY).open(NORTH, sealed, "grade") == b"88.5"


def test_another_district_or_purpose_does_not_open_it(keyring: Keyring) -> None:
    sealed = keyring.seal(NORTH, b"88.5", "grade")
    keyring.seal(SOUTH, b"", "grade")
    for district, purpose in ((SOUTH, "grade"), (NORTH, "secret")):
        with pytest.raises(ContractBroken, match="CF06"):
            keyring.open(district, sealed, purpose)


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x01" + b"0" * 12, b"\x02" + b"0" * 40, b"\x01" * 40])
def test_what_is_damaged_does_not_open(keyring: Keyring, damaged: bytes) -> None:
    with pytest.raises(ContractBroken, match="CF06"):
        keyring.open(NORTH, damaged, "grade")


def test_a_key_swapped_for_anothers_opens_nothing(store: Store, keyring: Keyring) -> None:
    keyring.seal(NORTH, b"", "grade")
    keyring.seal(SOUTH, b"", "grade")
    with store.begin("swap") as conn:
        sealed = sa.select(district_key.c.sealed_key).where(district_key.c.district_code == NORTH)
        conn.execute(sa.update(district_key).values(sealed_key=conn.scalar(sealed)))
    with pytest.raises(StopDistrict, match="CF04"):
        Keyring(store, MASTER_KEY).seal(SOUTH, b"", "grade")


def test_the_wrong_master_key_stops_the_district(store: Store, keyring: Keyring) -> None:
    keyring.seal(NORTH, b"", "grade")
    with pytest.raises(StopDistrict, match="CF04"):
        Keyring(store, os.urandom(32)).seal(NORTH, b"", "grade")


def test_a_destroyed_key_opens_nothing_and_is_never_made_again(store: Store, keyring: Keyring) -> None:
    sealed = keyring.seal(NORTH, b"88.5", "grade")
    with store.begin("purge") as conn:
        keyring.destroy(conn, NORTH)
    with pytest.raises(StopDistrict, match="CF05"):
        keyring.open(NORTH, sealed, "grade")
    with pytest.raises(StopDistrict, match="CF05"):
        Keyring(store, MASTER_KEY).seal(NORTH, b"", "grade")


def test_the_master_key_can_be_rotated(store: Store, keyring: Keyring) -> None:
    sealed, new = keyring.seal(NORTH, b"88.5", "grade"), os.urandom(32)
    keyring.rotate_master(new)
    assert keyring.open(NORTH, sealed, "grade") == b"88.5"
    assert Keyring(store, new).open(NORTH, sealed, "grade") == b"88.5"
    with pytest.raises(StopDistrict, match="CF04"):
        Keyring(store, MASTER_KEY).open(NORTH, sealed, "grade")


def test_a_key_made_in_a_transaction_that_fails_is_not_remembered(store: Store, keyring: Keyring) -> None:
    with pytest.raises(RuntimeError):
        undone(store, lambda _: keyring.seal(NORTH, b"lost with the transaction", "grade"))
    sealed = keyring.seal(NORTH, b"88.5", "grade")
    assert Keyring(store, MASTER_KEY).open(NORTH, sealed, "grade") == b"88.5"


def test_many_who_need_a_new_key_at_once_agree_on_it(store: Store) -> None:
    sealed: list[bytes] = []
    rings = [Keyring(store, MASTER_KEY) for _ in range(6)]

    def seal(ring: Keyring) -> None:
        sealed.append(ring.seal(NORTH, b"x", "g"))

    threads = [threading.Thread(target=seal, args=(ring,), daemon=True) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [rings[0].open(NORTH, one, "g") for one in sealed] == [b"x"] * 6


def test_fingerprints_agree_only_within_a_district(keyring: Keyring) -> None:
    assert keyring.fingerprint(NORTH, b"88.5", "g") == keyring.fingerprint(NORTH, b"88.5", "g")
    assert keyring.fingerprint(NORTH, b"88.5", "g") != keyring.fingerprint(SOUTH, b"88.5", "g")
    assert keyring.fingerprint(NORTH, b"88.5", "g") != keyring.fingerprint(NORTH, b"88.6", "g")
