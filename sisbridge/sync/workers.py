"""Nights of several districts side by side, each in one of a few processes of their own.

A process that dies (out of memory, killed, hung for hours) takes down the district it was at and no other:
each has an executor to itself, because one shared pool breaks as a whole.
"""

from __future__ import annotations

import faulthandler
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from domain.errors import RetryLater, SisbridgeError
from domain.ids import DistrictCode, RunId
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import runs
from sisbridge.sync import processes, unexpected
from sisbridge.sync.night import NightOutcome, Progress, sync_district

Work = Callable[[DistrictCode], NightOutcome]
"""One district's night; it must be possible to send it to another process."""

_house: House | None = None
"""The house of this worker process, opened for its first district and kept."""


def sync_side_by_side(
    house: House,
    chosen: Sequence[DistrictCode],
    workers: int,
    *,
    rehearse: bool = False,
    progress: Progress | None = None,
) -> list[NightOutcome]:
    """Run the districts' nights in so many processes; return how each ended, in the order asked for.

    progress: told of each district when its night is over. One district's failure never touches another.
    """
    work = partial(_night, house.settings, rehearse)
    ended = {one.district: one for one in run_each(work, longest_first(house, chosen), workers, progress)}
    return [ended[code] for code in chosen]


def longest_first(house: House, chosen: Sequence[DistrictCode]) -> list[DistrictCode]:
    """Return the districts by how long their last night took: begun last, the longest would be waited for.

    Those nothing is known of come before all.
    """
    with house.store.read() as conn:
        known = runs.usual_seconds(conn)
    return sorted(chosen, key=lambda code: known.get(code, math.inf), reverse=True)


def run_each(
    work: Work, chosen: Sequence[DistrictCode], workers: int, progress: Progress | None = None
) -> list[NightOutcome]:
    """Do the work of every district, some at a time, each in a process that no other district shares then."""
    line = _Line(iter(chosen), work, progress)
    with ThreadPoolExecutor(max_workers=workers) as threads:
        for serving in [threads.submit(line.serve) for _ in range(min(workers, len(chosen)))]:
            serving.result()
    return [line.ended[code] for code in chosen]


@dataclass
class _Line:
    """The districts that wait, and how the nights of the others ended."""

    waiting: Iterator[DistrictCode]
    work: Work
    progress: Progress | None
    ended: dict[DistrictCode, NightOutcome] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def serve(self) -> None:
        """Serve one district after the other with one process, or its successor if it dies."""
        process = processes.single()
        while (code := self._next()) is not None:
            process = _living(process)
            try:
                outcome = process.submit(self.work, code).result()
            except BrokenProcessPool:
                outcome, process = _stopped(code, _died(code)), processes.single()
            except Exception as error:  # noqa: BLE001 - one district's bug must not end the others' night
                outcome = _stopped(code, unexpected.named("The night", error))
            self._note(code, outcome)
        process.shutdown()

    def _next(self) -> DistrictCode | None:
        with self._turn:
            return next(self.waiting, None)

    def _note(self, code: DistrictCode, outcome: NightOutcome) -> None:
        with self._turn:
            self.ended[code] = outcome
            if self.progress:
                self.progress(code, outcome.state)


def _living(process: ProcessPoolExecutor) -> ProcessPoolExecutor:
    """Return the process, or a successor when it died between two districts: that was no district's doing."""
    try:
        process.submit(os.getpid).result()
    except BrokenProcessPool:
        return processes.single()
    return process


def _night(settings: Settings, rehearse: bool, district: DistrictCode) -> NightOutcome:
    global _house
    # It ends the process from outside Python, whatever it hangs on, and names the places in the code only.
    faulthandler.dump_traceback_later(settings.district_hours * 3600, exit=True)
    try:
        _house = _house or House.open(settings)
        return sync_district(_house, district, rehearse=rehearse)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _stopped(district: DistrictCode, error: SisbridgeError) -> NightOutcome:
    retry = isinstance(error, RetryLater)
    return NightOutcome(district, RunId(""), "stopped", error.code, error.message, error.fix, retry)


def _died(district: DistrictCode) -> RetryLater:
    return RetryLater(
        "CF15",
        f"The process that worked on district {district} died, or was ended after SISBRIDGE_DISTRICT_HOURS.",
        fix="Run the district again. If it stays: after hours, send the lines that stderr has of it to the "
        "sisbridge maintainers; sooner, give the machine more memory or use fewer workers.",
    )
