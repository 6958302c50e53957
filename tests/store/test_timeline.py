"""What happened to one record, and what the last runs cost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.event import listen

from domain.ids import SourcedId
from domain.model import Op
from domain.tables import RosterTable
from sisbridge.store import runs, timeline
from sisbridge.store.database import Store
from sisbridge.store.runs import RunMode, RunState
from sisbridge.store.tables.roster import change
from tests.store import examples
from tests.store.examples import AT, NEXT_NIGHT, NIGHT, NORTH, SOUTH


def test_the_changes_of_a_record_are_told_newest_first(region: Store) -> None:
    common = dict.fromkeys(("snapshot_id", "run_id", "fields", "decision", "decided_by"), "")
    common |= {"district_code": NORTH, "roster_table": "users", "sourced_id": "u-1"}
    with region.begin("x") as conn:
        conn.execute(sa.insert(change).values(**common, change_id=1, op="add", night_on=NIGHT, at=AT))
        conn.execute(sa.insert(change).values(**common, change_id=2, op="remove", night_on=NEXT_NIGHT, at=AT))
        told = timeline.of_record(conn, NORTH, RosterTable.USERS, SourcedId("u-1"))
        assert timeline.of_record(conn, SOUTH, RosterTable.USERS, SourcedId("u-1")) == []
    assert [(one.op, one.night_on) for one in told] == [(Op.REMOVE, NEXT_NIGHT), (Op.ADD, NIGHT)]


def test_a_record_is_looked_up_by_its_index_however_long_the_history_is(region: Store) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    with region.read() as conn:
        if conn.dialect.name != "sqlite":
            pytest.skip("PostgreSQL chooses by its own statistics")
        listen(conn, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        timeline.of_record(conn, NORTH, RosterTable.USERS, SourcedId("u-1"))
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1]).all()
    assert [row.detail for row in plan] == [
        "SEARCH change USING INDEX ix_change_district_code_roster_table_sourced_id"
        " (district_code=? AND roster_table=? AND sourced_id=?)"
    ]


def test_only_the_last_run_of_a_district_is_told(region: Store) -> None:
    for rows in (1, 2):
        run_id = examples.run(region)
        with region.begin("x") as conn:
            runs.record_stage(conn, NORTH, run_id, "pull", rows, 0.5)
    with region.read() as conn:
        (told,) = timeline.last_runs(conn)
    assert (told.district, told.stages) == (NORTH, (timeline.StageCost("pull", 2, 0.5),))


def test_a_rehearsal_does_not_hide_the_night_that_was_stopped_before_it(region: Store) -> None:
    stopped = examples.run(region)
    with region.begin("x") as conn:
        told = {"code": "FL11", "message": "No data received.", "fix": "Send the files again."}
        runs.close_run(conn, NORTH, stopped, RunState.STOPPED, at=AT, **told)
        runs.open_run(conn, NORTH, NEXT_NIGHT, RunMode.REHEARSAL, AT)
        (run,) = timeline.last_runs(conn)
    assert (run.night_on, run.mode, run.state, run.code) == (NIGHT, "nightly", "stopped", "FL11")
    assert (run.message, run.fix, run.stages) == ("No data received.", "Send the files again.", ())
