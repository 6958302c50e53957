"""Birth dates, where a district turns them on: landed beside the roster, kept as marks, used for proposals.

Nothing that is wrong with them stops a night or holds a student. They matter to a person who asks who two
students are, and to nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from connectors.demographics import BIRTH_FIELDS, DEMOGRAPHICS, absent
from connectors.protocol import Pull
from domain.errors import SisbridgeError
from domain.ids import SourcedId
from domain.model import Finding, Mode, Op, Severity
from domain.tables import PLACE, RosterTable
from mappings import births as dates
from mappings import maps
from mappings.compare import CHANGES
from sisbridge.store import births as store
from sisbridge.store import roster, snapshots
from sisbridge.store.database import Connection
from sisbridge.sync.context import BATCH_ROWS, Stage, changes_name, connector_of, mapping_of, raw_name
from sisbridge.sync.roster.batches import GrowingTable

_COLUMNS = (*BIRTH_FIELDS, PLACE)
_SPOKEN_ANEW = pa.array([Op.ADD.value, Op.UPDATE.value, Op.RETURN.value, Op.REMOVE.value])
_UNREADABLE = "ID29"


def forget_unwanted(stage: Stage) -> None:
    """Forget what a district that does not want birth dates any more has of them."""
    with stage.house.store.read() as conn:
        is_kept = store.is_kept(conn, stage.code)
    if is_kept and not _is_wanted(stage):
        with stage.house.store.begin("births") as conn:
            store.forget(conn, stage.code)


def land(stage: Stage, source_pull: Pull) -> list[Finding]:
    """Land the pages of demographics, if they are wanted; return why there are none, if there are none.

    Whatever is the matter (a permission that is missing, a file that is not there, a server that gives up),
    the roster was read before, and the night goes on.
    """
    if not _is_wanted(stage):
        return []
    facts = source_pull.facts
    if DEMOGRAPHICS not in facts.source_tables and facts.mode is Mode.DELTA:
        # A package of changes leaves out what did not change.
        return []
    try:
        if DEMOGRAPHICS not in facts.source_tables:
            raise absent()
        table = GrowingTable(stage, raw_name(DEMOGRAPHICS))
        for page in source_pull.pages(DEMOGRAPHICS):
            table.add(page.batch.select(_COLUMNS))
        table.finish()
    except SisbridgeError as error:
        message = f"No birth dates were read: {error.message.rstrip('.')}. The roster needs none."
        fix = f"{error.fix.rstrip('.')}; or set demographics to false."
        return [_finding(error.code, error.place, message, fix)]
    return []


def settle(conn: Connection, stage: Stage) -> list[Finding]:
    """Keep a mark of name and birth date of every student in force of whom both are known.

    An old mark goes with a row that says no date any more, and with a user whom the night changed: the name
    in it may be another one. Only a whole set of birth dates lets go of those it does not name.
    """
    if not _is_wanted(stage):
        return []
    snapshot = snapshots.load(conn, stage.code, stage.snapshot)
    found = _birth_dates(stage, maps.maps_for(snapshot.version, mapping_of(stage.district)))
    marks = _marks(conn, stage, found.by_user)
    over = [pa.chunked_array([pa.array(sorted(found.named), pa.string())]), _changed(stage)]
    if snapshot.mode is Mode.BULK and found.by_user:
        over.append(store.known(conn, stage.code).column("user_sourced_id"))
    together = pa.chunked_array([chunk for one in over for chunk in one.chunks], pa.string())
    store.keep(conn, stage.code, marks, together, stage.night_on)
    return _unreadable(found.broken)


def _is_wanted(stage: Stage) -> bool:
    config, _ = connector_of(stage.house, stage.code, "roster")
    return config is not None and config.settings.get(DEMOGRAPHICS) is True


def _birth_dates(stage: Stage, roster_maps: maps.RosterMaps) -> dates.BirthDates:
    landed = stage.read(raw_name(DEMOGRAPHICS)) if stage.has(raw_name(DEMOGRAPHICS)) else iter(())
    return dates.birth_dates(landed, roster_maps.month_first_dates, stage.night_on)


def _marks(conn: Connection, stage: Stage, births: Mapping[SourcedId, str]) -> pa.Table:
    """Return the marks of the students in force whose birth date the night tells, by the names in force."""
    if not births:
        return store.MARKS.empty_table()
    roles = roster.rows(conn, stage.code, RosterTable.ROLES, ["user_sourced_id"], {"role": ["student"]})
    names = roster.rows(conn, stage.code, RosterTable.USERS, ["sourced_id", "given_name", "family_name"])
    is_student = pc.is_in(names.column("sourced_id"), value_set=roles.column(0))
    students = names.filter(is_student).to_batches(max_chunksize=BATCH_ROWS)
    return pa.Table.from_batches([_marked(stage, part, births) for part in students], schema=store.MARKS)


def _marked(stage: Stage, names: pa.RecordBatch, births: Mapping[SourcedId, str]) -> pa.RecordBatch:
    users, said = dates.spoken(names, births)
    made = stage.house.keyring.markers(None, said, "name and birth date")
    return pa.record_batch([users, pa.array(made, pa.string())], schema=store.MARKS)


def _changed(stage: Stage) -> pa.ChunkedArray:
    changes = pa.Table.from_batches(stage.read(changes_name(RosterTable.USERS)), schema=CHANGES)
    anew = pc.is_in(changes.column("op"), value_set=_SPOKEN_ANEW)
    return changes.filter(anew).column("sourced_id").cast(pa.string())


def _unreadable(places: tuple[str, ...]) -> list[Finding]:
    if not places:
        return []
    rows = "1 row says no birth date" if len(places) == 1 else f"{len(places):,} rows say no birth date"
    message = f"{rows} that can be read, or two of one student (first: {places[0]}); none of them was used."
    fix = "Export birth dates as YYYY-MM-DD; where they are M/D/YYYY, set month_first_dates."
    return [_finding(_UNREADABLE, places[0], message, fix)]


def _finding(rule: str, place: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.DROP_VALUE,
        table=DEMOGRAPHICS,
        field="birthDate",
        place=place,
        key="",
        masked="",
        message=message,
        fix=fix,
    )
