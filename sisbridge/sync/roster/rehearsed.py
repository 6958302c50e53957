"""What a rehearsed night would make of the roster in force, and which cases it would open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.ids import CaseId, DistrictCode, RunId, SnapshotId
from domain.model import Case, CaseState
from sisbridge.house import House
from sisbridge.store import runs
from sisbridge.sync.context import Stage
from sisbridge.sync.roster.behind import students_of, supporting
from sisbridge.sync.roster.outlook import Outlook, outlook


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal came to. cases: what the night would open, of no number: none was opened."""

    outlook: Outlook
    cases: tuple[Case, ...]


def rehearsed(house: House, district: DistrictCode, run_id: RunId) -> Rehearsed:
    """Return what a finished rehearsal came to; nothing was applied and no case was opened.

    Raises ContractBroken CF08 when there is no such run, or its landing is gone.
    """
    with house.store.read() as conn:
        run = runs.get(conn, district, run_id)
    snapshot = SnapshotId(run.snapshot_id or "")
    stage = Stage(house, house.district(district), run_id, snapshot, run.night_on)
    return Rehearsed(outlook(stage, most=0), tuple(_cases(stage)))


def _cases(stage: Stage) -> Iterable[Case]:
    for (rule, table, field, group), several in supporting(stage).items():
        first = several[0]
        yield Case(
            case_id=CaseId(""),
            district=stage.code,
            rule=rule,
            table=table,
            field=field,
            group=group,
            state=CaseState.OPEN,
            message=first.message,
            fix=first.fix,
            first_place=first.place,
            first_key=first.key,
            rows=len(several),
            students=len(students_of(several)),
            nights=1,
            opened_on=stage.night_on,
            last_seen_on=stage.night_on,
        )
