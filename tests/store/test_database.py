"""Transactions are whole, errors are ours, and no row's values leave with them."""

from __future__ import annotations

import logging
import threading
import traceback
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console
from rich.traceback import Traceback

from domain.errors import ContractBroken, RetryLater
from sisbridge.store import regions
from sisbridge.store.database import Store
from sisbridge.store.tables.region import district
from tests.conformance.canaries import FAMILY
from tests.store import examples


def codes(store: Store) -> list[str]:
    """The districts there are."""
    with store.read() as conn:
        return [str(one.code) for one in regions.districts(conn)]


def test_files_that_others_could_read_are_closed_to_them_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "store.db"
    for name in ("store.db", "store.db-wal", "store.db.night.lock"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    for _ in range(2):
        store = Store(f"sqlite:///{file}")
        with store.alone("night"), store.alone("day"):
            assert {oct(one.stat().st_mode & 0o777) for one in tmp_path.iterdir()} == {"0o600"}
        store.dispose()
    assert [one.getMessage() for one in caplog.records if one.name == "sisbridge.store.database"] == [
        "The database file could be read by other accounts of this machine; now it cannot."
    ]


def test_a_block_that_fails_leaves_no_trace(store: Store) -> None:
    with pytest.raises(RuntimeError):
        examples.undone(store, lambda conn: regions.save_district(conn, examples.district()))
    assert codes(store) == []


def test_a_reader_sees_one_state_from_beginning_to_end(store: Store) -> None:
    with store.read() as conn:
        assert regions.districts(conn) == []
        with store.begin("x") as writer:
            regions.save_district(writer, examples.district())
        assert regions.districts(conn) == []
    assert codes(store) == ["north"]


def test_writers_wait_for_one_another(region: Store) -> None:
    def add() -> None:
        for _ in range(10):
            with region.begin("x") as conn:
                north = district.c.code == "north"
                name = conn.scalar(sa.select(district.c.name).with_for_update().where(north))
                conn.execute(sa.update(district).where(north).values(name=f"{name}+"))

    threads = [threading.Thread(target=add, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with region.read() as conn:
        assert regions.district(conn, examples.NORTH).name.count("+") == 40


def test_a_refused_write_names_no_value(store: Store) -> None:
    refused = sa.insert(district).values(code="north", name=FAMILY, settings={})
    with pytest.raises(ContractBroken, match="CF40") as raised, store.begin("x") as conn:
        conn.execute(refused)
    assert FAMILY not in f"{raised.value!r}{raised.value.__dict__}{printed(raised.value)}"


def printed(error: BaseException) -> str:
    """Return an error with all it is chained to, as logs and terminals print it."""
    page = StringIO()
    rich = Traceback.from_exception(type(error), error, error.__traceback__, width=200)
    Console(file=page, width=200).print(rich)
    return "".join(traceback.format_exception(error)) + page.getvalue()


def test_what_a_refused_write_leads_to_names_no_value_either(store: Store) -> None:
    def refuse() -> None:
        with store.begin("x") as conn:
            conn.execute(sa.insert(district).values(code="north", name=FAMILY, settings={}))

    def refuse_and_mend() -> None:
        try:
            refuse()
        except ContractBroken:
            # Who mends what a failure left behind may fail as well: its error is chained to the first.
            refuse()

    with pytest.raises(ContractBroken, match="CF40") as raised:
        refuse_and_mend()
    assert FAMILY not in printed(raised.value)


def test_a_text_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(ContractBroken) as raised, store.read() as conn:
        conn.execute(sa.text("SELECT CAST(x'5175696c6cff' AS TEXT) AS family_name")).all()
    assert "Quill" not in str(raised.value)


def test_a_commit_passes_its_failpoints(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SISBRIDGE_FAILPOINT_LOG", str(tmp_path / "log"))
    with store.begin("apply"):
        pass
    passed = [line.split("@")[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert passed == ["commit:apply:before", "commit:apply:after"]


def test_a_database_that_is_away_is_tried_again_later(tmp_path: Path) -> None:
    store = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(RetryLater, match="CF09"), store.read():
        pass


def test_a_server_that_vanishes_is_given_up_in_minutes_unless_the_address_says_otherwise(
    postgres_url: str,
) -> None:
    def told(url: str) -> list[str]:
        with Store(url).read() as conn:
            known = conn.connection.driver_connection.info.get_parameters()
        return [known[name] for name in ("keepalives_idle", "keepalives_count", "tcp_user_timeout")]

    assert told(postgres_url) == ["60", "6", "120000"]
    between = "&" if "?" in postgres_url else "?"
    assert told(f"{postgres_url}{between}keepalives_idle=5") == ["5", "6", "120000"]


def test_joining_uses_the_open_transaction(store: Store) -> None:
    with store.begin("outer") as outer, store.joined("inner") as inner:
        assert inner is outer
    with store.joined("alone") as alone:
        assert alone is not outer


def test_no_row_is_logged_however_much_is_logged(store_url: str, caplog: pytest.LogCaptureFixture) -> None:
    joined = sa.select(sa.literal_column("'Secret' || ' Name'"))
    with caplog.at_level(logging.DEBUG, "sqlalchemy.engine.Engine"), Store(store_url).read() as conn:
        assert conn.scalar(joined) == "Secret Name"
    assert "SELECT" in caplog.text
    assert "Secret Name" not in caplog.text
