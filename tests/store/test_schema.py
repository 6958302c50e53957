"""The schema: what the migrations make is what the code thinks, and a district is in every key."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import domain
import sisbridge
from domain.errors import ContractBroken
from sisbridge.store import migrations
from sisbridge.store.database import Store
from sisbridge.store.tables import METADATA, WITHOUT_DISTRICT

OF_DISTRICTS = sorted(set(METADATA.tables) - WITHOUT_DISTRICT - {"district"})


def test_the_migrations_make_exactly_the_tables_the_code_uses(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_head_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(next(iter(migrations.__path__))))
    assert scripts.get_current_head() == migrations.HEAD


def test_upgrading_again_changes_nothing_and_is_quick(store: Store) -> None:
    started = time.process_time()
    migrations.upgrade(store)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_the_district_begins_every_primary_key(name: str) -> None:
    assert next(column.name for column in METADATA.tables[name].primary_key) == "district_code"


@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_the_district_is_in_every_foreign_key_to_a_district_table(name: str) -> None:
    for key in METADATA.tables[name].foreign_key_constraints:
        if key.referred_table.name not in WITHOUT_DISTRICT:
            assert "district_code" in key.column_keys


@pytest.mark.parametrize("name", OF_DISTRICTS)
def test_what_refers_to_a_districts_row_is_found_by_an_index(name: str) -> None:
    table = METADATA.tables[name]
    unique = [each.columns for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    sets = [table.primary_key.columns, *unique, *(index.columns for index in table.indexes)]
    trees = [[column.name for column in one] for one in sets]
    for key in table.foreign_key_constraints:
        if key.referred_table.name not in WITHOUT_DISTRICT:
            assert any(set(tree[: len(key.column_keys)]) == set(key.column_keys) for tree in trees), key.name


def test_a_fresh_store_has_no_revision(store_url: str) -> None:
    store = Store(store_url)
    with store.read() as conn:
        assert migrations.current(conn) is None
    store.dispose()


def test_a_store_that_a_newer_sisbridge_brought_further_is_left_alone(store: Store) -> None:
    with store.begin("x") as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ContractBroken, match=r"CF14.* 9999"):
        migrations.upgrade(store)


def test_many_processes_may_start_on_an_empty_store(store_url: str) -> None:
    stores = [Store(store_url) for _ in range(4)]
    threads = [threading.Thread(target=migrations.upgrade, args=(store,), daemon=True) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with stores[0].read() as conn:
        assert migrations.current(conn) == migrations.HEAD
    for store in stores:
        store.dispose()


def test_the_migrations_run_wherever_the_package_lies(tmp_path: Path) -> None:
    folder = tmp_path / "50% installed"
    for package in (domain, sisbridge):
        shutil.copytree(Path(str(package.__file__)).parent, folder / str(package.__name__))
    code = (
        "from sisbridge.store import migrations; from sisbridge.store.database import Store;"
        "store = Store('sqlite:///store.db'); migrations.upgrade(store); print(migrations.__file__)"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    assert Path(run.stdout.strip()).is_relative_to(folder)


def test_the_database_holds_what_the_named_tables_without_a_district_are(store: Store) -> None:
    with store.read() as conn:
        inspector = sa.inspect(conn)
        without = {
            name
            for name in inspector.get_table_names()
            if "district_code" not in {column["name"] for column in inspector.get_columns(name)}
        }
    assert without == WITHOUT_DISTRICT | {"district"}
