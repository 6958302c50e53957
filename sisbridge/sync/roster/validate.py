"""Judge the canonical batches: split rows into clean and quarantined, and record every finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from connectors.distinct import DistinctIds
from domain.errors import StopDistrict
from domain.masking import shown_id
from domain.model import Finding, Mode, Severity
from domain.tables import PLACE, ROSTER, RosterTable
from mappings import digests, duplicates
from mappings.tally import school_of
from sisbridge.store import findings, roster, snapshots
from sisbridge.sync.context import Stage, canonical_name, clean_name, coalesce, seen_name
from sisbridge.sync.roster.dependents import DEPENDS, Held
from sisbridge.sync.roster.windows import in_rollover
from validation import guards
from validation.arrow import among
from validation.context import JudgeContext, KeySet
from validation.frames import usual_width
from validation.judge import judge
from validation.settle import Judged

_NO_IDS = pa.array([], pa.string())


_REFERRED = {column.refers_to for spec in ROSTER.values() for column in spec.columns if column.refers_to}


@dataclass
class _Night:
    """What later tables need to know of the tables judged before them.

    mode: a delta stands on last good. told: what was found before, rows named by the ids that the SIS gave
    them. came: the rows each table had, held ones too.
    """

    mode: Mode
    told: tuple[Finding, ...] = field(default=(), repr=False)
    references: dict[RosterTable, KeySet] = field(default_factory=dict)
    came: dict[RosterTable, int] = field(default_factory=dict)
    students: pa.Array = field(default_factory=lambda: _NO_IDS)
    width: int | None = None
    findings: list[Finding] = field(default_factory=list)
    dependents: list[Finding] = field(default_factory=list)
    held: Held = field(default_factory=Held)
    clean: int = 0
    quarantined: int = 0


def validate(stage: Stage) -> dict[str, int]:
    """Land the clean batches, quarantine the rest sealed, record findings; return rows clean and quarantined.

    Raises StopDistrict when a finding holds the whole feed; the findings are recorded by then.
    """
    with stage.house.store.read() as conn:
        mode = snapshots.load(conn, stage.code, stage.snapshot).mode
    told = (*stage.read_findings("pull"), *stage.read_findings("normalize"))
    night = _Night(mode, told, students=_students(stage, mode), width=_identifier_width(stage, mode))
    # By its id a row is known as seen; but a name may stand where an id should, which nobody is to read.
    night.findings += [replace(one, key=shown_id(one.key)) for one in told]
    for table in RosterTable:
        _validate_table(stage, table, night)
    if mode is Mode.BULK:
        night.findings += _empty_tables(stage, night)
        night.findings += _year_over(stage) + _year_ahead(stage)
    with stage.house.store.begin("findings") as conn:
        findings.record_findings(conn, stage.code, stage.run_id, night.findings)
    stage.write_findings("validate", [one for one in night.findings if one.rule != DEPENDS])
    stage.write_findings("dependents", night.dependents)
    _stop_if_held(night.findings)
    return {"clean": night.clean, "quarantined": night.quarantined}


def _students(stage: Stage, mode: Mode) -> pa.Array:
    """Return the ids of users with a student role, tonight or, for a delta, in force."""
    found = [
        batch.filter(pc.equal(batch.column("role"), "student")).column("user_sourced_id")
        for batch in stage.read(canonical_name(RosterTable.ROLES), ["user_sourced_id", "role"])
    ]
    found += _in_force(stage, RosterTable.ROLES, "user_sourced_id", {"role": ["student"]}, mode)
    return pc.unique(pa.chunked_array(found, pa.string())) if found else _NO_IDS


def _in_force(
    stage: Stage, table: RosterTable, column: str, where: Mapping[str, list[str]] | None, mode: Mode
) -> list[pa.Array]:
    """Return the chunks of a column of the roster in force, none for a bulk, which stands for itself."""
    if mode is Mode.BULK:
        return []
    with stage.house.store.read() as conn:
        chunks: list[pa.Array] = roster.rows(conn, stage.code, table, [column], where).column(column).chunks
    return chunks


def _identifier_width(stage: Stage, mode: Mode) -> int | None:
    """Return how long the district's student numbers are: a setting, else what nearly all share."""
    chosen = stage.district.settings.get("identifier_width")
    if isinstance(chosen, int):
        return chosen
    students = _students(stage, mode)
    columns = [
        batch.filter(among(batch.column("sourced_id"), students)).column("identifier")
        for batch in stage.read(canonical_name(RosterTable.USERS), ["sourced_id", "identifier"])
    ]
    columns += _in_force(stage, RosterTable.USERS, "identifier", {"sourced_id": students.to_pylist()}, mode)
    return usual_width(pa.chunked_array(columns, pa.string())) if columns else None


def _ids(stage: Stage, table: RosterTable) -> pa.ChunkedArray:
    """Return the sourced_id of every canonical row of a table, in order."""
    batches = stage.read(canonical_name(table), ["sourced_id"])
    return pa.chunked_array([batch.column("sourced_id") for batch in batches], pa.string())


def _contested(stage: Stage, table: RosterTable, ids: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return the ids that occur with different content, and which rows are to be judged."""
    different = DistinctIds()
    for chunk in ids.chunks:
        different.add(chunk)
    # Never more than there are: if as many as rows, no id occurs twice, and no content need be looked at.
    if len(different) == len(ids):
        return _NO_IDS, pa.repeat(True, len(ids))
    keys = _keys(stage, table)
    contested = duplicates.contested(keys)
    return contested, duplicates.first_of_each(keys, contested)


def _keys(stage: Stage, table: RosterTable) -> pa.Table:
    """Return (sourced_id, digest) of every canonical row of a table, in order."""
    parts = [
        pa.table({"sourced_id": batch.column("sourced_id"), "digest": digests.digests(table, batch)})
        for batch in stage.read(canonical_name(table))
    ]
    empty = pa.table({"sourced_id": _NO_IDS, "digest": pa.array([], pa.binary(16))})
    return pa.concat_tables(parts) if parts else empty


def _validate_table(stage: Stage, table: RosterTable, night: _Night) -> None:
    ids = _ids(stage, table)
    contested, keep = _contested(stage, table, ids)
    told = _held_at_pull(night, table)
    night.came[table] = len(ids) + len(told)
    known = _in_force(stage, table, "sourced_id", None, night.mode) if table in _REFERRED else []
    # What nobody refers to is not remembered: of a large district's enrollments there are millions.
    chunks = [*ids.chunks, *known, told] if table in _REFERRED else []
    seen = pc.unique(pa.chunked_array(chunks, pa.string()))
    del ids, chunks
    night.references[table] = KeySet(clean=seen, seen=seen)
    context = JudgeContext(
        references=night.references,
        contested=contested,
        students=night.students,
        identifier_width=night.width,
        overrides=stage.district.settings,
    )
    quarantined: list[pa.Array] = [told]
    schools: list[pa.Array] = [pa.nulls(len(told), pa.string())]
    clean: list[pa.Array] = []

    def judged_batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in stage.read(canonical_name(table)):
            mask = keep.slice(start, batch.num_rows)
            start += batch.num_rows
            judged = judge(table, batch.filter(mask), context)
            _note(stage, table, judged, night)
            quarantined.append(judged.quarantined.column("sourced_id"))
            schools.append(school_of(table, judged.quarantined))
            night.clean += judged.clean.num_rows
            if table in _REFERRED:
                clean.append(judged.clean.column("sourced_id"))
            if judged.clean.num_rows:
                yield _digested(table, judged.clean)

    stage.write(clean_name(table), coalesce(judged_batches()))
    held = pa.chunked_array(quarantined, pa.string())
    night.references[table] = KeySet(clean=pa.chunked_array([*clean, *known], pa.string()), seen=seen)
    night.quarantined += len(held)
    of_school = pa.chunked_array(schools, pa.string()).combine_chunks()
    rows = pa.record_batch({"sourced_id": held.combine_chunks(), "school": of_school})
    stage.write(seen_name(table), iter([rows]))


def _held_at_pull(night: _Night, table: RosterTable) -> pa.Array:
    """Return the ids of rows the source itself held: what refers to them waits as for any held row."""
    held = [
        one for one in night.told
        if one.table == table and one.severity is Severity.HOLD_ROW and one.key
    ]  # fmt: skip
    night.held.note(table, held, {})
    return pa.array(sorted({one.key for one in held}), pa.string())


def _digested(table: RosterTable, batch: pa.RecordBatch) -> pa.RecordBatch:
    bare = batch.drop_columns([PLACE])
    return bare.append_column("digest", digests.digests(table, bare))


def _note(stage: Stage, table: RosterTable, judged: Judged, night: _Night) -> None:
    night.findings.extend(judged.findings)
    if judged.quarantined.num_rows:
        rows = [_quarantined(table, values) for values in judged.quarantined.to_pylist()]
        references = {row.place: {name: value or "" for name, value in row.values.items()} for row in rows}
        night.held.note(table, judged.findings, references)
        night.dependents += [
            night.held.root_of(one, references.get(one.place, {}))
            for one in judged.findings
            if one.rule == DEPENDS
        ]
        with stage.house.store.begin("quarantine") as conn:
            findings.quarantine(conn, stage.house.keyring, stage.code, stage.snapshot, rows)


def _quarantined(table: RosterTable, values: dict[str, str | None]) -> findings.QuarantinedRow:
    place, rule = values.pop(PLACE) or "", values.pop("_rule") or ""
    return findings.QuarantinedRow(table, place, shown_id(values["sourced_id"]), rule, values)


def _empty_tables(stage: Stage, night: _Night) -> list[Finding]:
    """Return a finding for each table that came empty although the roster of record has rows."""
    with stage.house.store.read() as conn:
        last = roster.count(conn, stage.code)
    return [
        finding
        for table in RosterTable
        for finding in guards.empty_table(table, last.get(table, 0), night.came[table])
    ]


def _year_over(stage: Stage) -> list[Finding]:
    """Return a finding when every session of the feed ended long ago by the district's calendar."""
    ends = _session_days(stage, "end_date")
    thresholds = stage.district.settings.get("thresholds", {})
    chosen = thresholds if isinstance(thresholds, Mapping) else {}
    return guards.year_over(max(ends, default=None), stage.night_on, chosen)


def _year_ahead(stage: Stage) -> list[Finding]:
    """Return a finding when the SIS was switched to next year too early, unless that was announced."""
    if in_rollover(stage):
        return []
    begins, today = _session_days(stage, "start_date"), stage.night_on.isoformat()
    with stage.house.store.read() as conn:
        days = roster.rows(conn, stage.code, RosterTable.ACADEMIC_SESSIONS, ["start_date", "end_date"])
    runs = pc.and_(pc.less_equal(days.column(0), today), pc.greater(days.column(1), today))
    running = bool(pc.any(runs).as_py())
    return guards.year_ahead(min(begins, default=None), stage.night_on, running)


def _session_days(stage: Stage, column: str) -> list[date]:
    """Return the days that tonight's usable sessions have in a column."""
    return [
        date.fromisoformat(day)
        for batch in stage.read(clean_name(RosterTable.ACADEMIC_SESSIONS))
        for day in batch.column(column).to_pylist()
        if day
    ]


def _stop_if_held(found: list[Finding]) -> None:
    for finding in found:
        if finding.severity is Severity.HOLD_FEED:
            raise StopDistrict(finding.rule, finding.message, fix=finding.fix, place=finding.place)
