"""Nights side by side: as many processes as asked for, and what goes wrong in one stays in one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from domain.clock import system_clock
from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId
from sisbridge.house import House
from sisbridge.store import roster, runs
from sisbridge.sync import night
from sisbridge.sync.night import NightOutcome
from sisbridge.sync.workers import longest_first, run_each, sync_side_by_side
from tests.support.small_region import FILES, REST

NORTH, SOUTH, EAST, WEST = (DistrictCode(code) for code in ("north", "south", "east", "west"))


def _work(code: DistrictCode) -> NightOutcome:
    """Stand in for a night: one district kills its process, one raises, the others name their process."""
    if code == SOUTH:
        os._exit(1)
    if code == EAST:
        raise StopDistrict("CF99", "broken", fix="mend it")
    time.sleep(0.2)
    return NightOutcome(code, RunId(str(os.getpid())), "finished")


def test_a_process_that_dies_takes_only_its_own_district_with_it() -> None:
    seen: list[tuple[str, str]] = []
    told = run_each(_work, [NORTH, SOUTH, EAST, WEST], 2, lambda code, state: seen.append((code, state)))
    assert [(one.district, one.state, one.code, one.retry) for one in told] == [
        (NORTH, "finished", "", False),
        (SOUTH, "stopped", "CF15", True),
        (EAST, "stopped", "CF99", False),
        (WEST, "finished", "", False),
    ]
    assert sorted(seen) == sorted((one.district, one.state) for one in told)


def _dies_afterwards(code: DistrictCode) -> NightOutcome:
    """End well, and let the process be killed a little later if it is the first district's."""
    if code == NORTH:
        threading.Timer(0.2, os._exit, (1,)).start()
    return NightOutcome(code, RunId(str(os.getpid())), "finished")


def test_a_process_that_dies_between_two_districts_costs_none_of_them_its_night() -> None:
    # The district's end is told while its process is idle.
    told = run_each(_dies_afterwards, [NORTH, WEST], 1, lambda *_: time.sleep(1.0))
    assert [(one.district, one.state) for one in told] == [(NORTH, "finished"), (WEST, "finished")]
    assert told[0].run_id != told[1].run_id


def test_districts_share_no_more_processes_than_there_are_workers() -> None:
    told = run_each(_work, [NORTH, WEST], 1)
    assert told[0].run_id == told[1].run_id != str(os.getpid())


def _told(code: DistrictCode) -> NightOutcome:
    return NightOutcome(code, RunId(os.environ["SISBRIDGE_TOLD"]), "finished")


def test_a_process_is_told_the_surroundings_as_they_are_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for told in ("before", "after"):
        monkeypatch.setenv("SISBRIDGE_TOLD", told)
        assert run_each(_told, [NORTH], 1)[0].run_id == told


def _busy(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"busy")
        time.sleep(60)


def test_no_process_outlives_the_one_that_was_killed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        words = "from sisbridge.sync import processes; from tests.sync.test_workers import _busy"
        script = f"{words}; processes.single().submit(_busy, {port}).result()"
        with subprocess.Popen([sys.executable, "-c", script]) as main:
            line = server.accept()[0]
            assert line.recv(4) == b"busy"
            main.kill()
        line.settimeout(20)
        assert line.recv(1) == b""
        line.close()


def test_two_districts_are_synced_side_by_side(any_house: House) -> None:
    told = sync_side_by_side(any_house, [REST, FILES], 2)
    assert [(one.district, one.state) for one in told] == [(REST, "finished"), (FILES, "finished")]
    with any_house.store.read() as conn:
        assert all(sum(roster.count(conn, code).values()) for code in (REST, FILES))


def test_a_district_that_takes_too_long_is_ended(any_house: House) -> None:
    hurried = replace(any_house, settings=any_house.settings.model_copy(update={"district_hours": 1e-6}))
    (told,) = sync_side_by_side(hurried, [REST], 1)
    assert (told.state, told.code, told.retry) == ("stopped", "CF15", True)
    (told,) = sync_side_by_side(any_house, [REST], 1)
    assert told.state == "finished"


def test_the_longest_night_begins_first_and_an_unknown_one_before_it(any_house: House) -> None:
    for code, seconds in ((REST, 3.0), (FILES, 60.0)):
        run_id = night.begin(any_house, code)
        with any_house.store.begin("x") as conn:
            runs.record_stage(conn, code, run_id, "pull", 10, seconds)
            runs.record_stage(conn, code, run_id, "apply", 10, 1.0)
            runs.close_run(conn, code, run_id, "finished", at=system_clock())
        night.begin(any_house, code)  # one that has not ended says nothing
    assert longest_first(any_house, [REST, FILES, NORTH]) == [NORTH, FILES, REST]
