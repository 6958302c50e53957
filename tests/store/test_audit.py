"""The audit can be added to and read, and nothing else goes unnoticed."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy import Delete, Update

from domain.errors import ContractBroken
from sisbridge.store import audit
from sisbridge.store.database import Store
from sisbridge.store.tables.region import audit as table
from tests.store.examples import AT, NORTH, SOUTH

OPENING = {
    "sqlite": ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER ALL",),
}


def append(store: Store, subject: str = "item-1") -> int:
    """Append one record."""
    with store.begin("audit") as conn:
        return audit.append(conn, NORTH, "ann", "grade released", subject, None, "d", AT)


def whole(store: Store) -> bool:
    """Whether the chain is whole."""
    with store.read() as conn:
        return audit.verify(conn, NORTH)


def tamper(store: Store, change: Update | Delete) -> None:
    """Change the audit as somebody could who owns the database."""
    with store.begin("tamper") as conn:
        for statement in OPENING[store.dialect]:
            conn.execute(sa.text(statement))
        conn.execute(change)


def test_records_are_numbered_and_chained(region: Store) -> None:
    assert [append(region), append(region)] == [1, 2]
    with region.read() as conn:
        first, second = conn.execute(sa.select(table).order_by(table.c.seq)).all()
    assert first.previous_hash == ""
    assert second.previous_hash == first.hash
    assert whole(region)


def test_every_district_has_its_own_chain(region: Store) -> None:
    append(region)
    with region.begin("x") as conn:
        assert audit.append(conn, SOUTH, "ann", "hold released", "users", None, None, AT) == 1
        assert audit.verify(conn, SOUTH)


@pytest.mark.parametrize("change", [sa.update(table).values(actor="bob"), sa.delete(table)])
def test_the_database_refuses_to_change_a_record(region: Store, change: Update | Delete) -> None:
    append(region)
    with pytest.raises(ContractBroken, match="CF40"), region.begin("x") as conn:
        conn.execute(change)
    assert whole(region)


@pytest.mark.parametrize("column", ["actor", "action", "subject", "before_digest", "after_digest", "hash"])
def test_an_edited_record_breaks_the_chain(region: Store, column: str) -> None:
    append(region)
    append(region)
    tamper(region, sa.update(table).where(table.c.seq == 1).values({column: "x"}))
    assert not whole(region)


def test_a_record_taken_out_breaks_the_chain(region: Store) -> None:
    for subject in ("a", "b", "c"):
        append(region, subject)
    tamper(region, sa.delete(table).where(table.c.seq == 2))
    assert not whole(region)


def test_records_written_at_once_make_one_chain(region: Store) -> None:
    threads = [threading.Thread(target=append, args=(region,), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with region.read() as conn:
        assert conn.scalar(sa.select(sa.func.max(table.c.seq))) == 8
    assert whole(region)
