"""Give every student of the roster a person, and keep the list of those who wait for a person's word."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import StopDistrict
from domain.ids import SourcedId
from domain.model import Finding, Op
from domain.tables import RosterTable
from mappings import identity, numbers
from mappings.arrow import Texts, texts
from mappings.compare import CHANGES
from mappings.identity import (
    AMBIGUOUS,
    BLANK,
    HELD,
    SHAPE,
    SHARED,
    Decisions,
    IdentityPlan,
    Keyed,
    Unmatched,
)
from mappings.newcomers import newcomers, own_persons
from sisbridge.store import identity as store
from sisbridge.store import people, roster
from sisbridge.store.database import Connection
from sisbridge.sync.context import BATCH_ROWS, Stage, changes_name, clean_name
from sisbridge.sync.identity import births
from validation import people as judging

_COMPARED = ("given_name", "family_name", "middle_name", "username", "email", "grades")
"""The fields a proposal may say agree; their values are neither shown nor kept."""

_KEYS = pa.schema(
    [
        ("user_sourced_id", pa.string()),
        ("identity_id", pa.string()),
        ("local_fingerprint", pa.string()),
        ("misshapen", pa.bool_()),
    ]
)

_NOBODY = pa.array([], pa.string())
_TOUCHING = pa.array([Op.ADD.value, Op.UPDATE.value, Op.RETURN.value])
_MANY = 1_000
"""More users than these are looked at a table at a time, and fewer by their ids."""

_SPOKEN_OF = (SHARED, AMBIGUOUS, SHAPE)
"""What opens a case; a student without any number is only on the worklist."""


def link_people(conn: Connection, stage: Stage) -> None:
    """Link new students to persons, and leave findings of those who cannot be told apart.

    Matching never crosses a district. Raises StopDistrict ID26 when too few students have a number that
    they can be recognised by.
    """
    settings = numbers.number_settings(stage.district.settings, stage.district.state)
    if _may_have_moved(conn, stage):
        touched, gone = _touched(conn, stage)
        if len(touched) or len(gone):
            _match(conn, stage, settings, touched, gone)
    waiting = [one for one, _ in store.worklist(conn, stage.code, _SPOKEN_OF)]
    stage.write_findings("people", [*findings_of(waiting), *births.settle(conn, stage)])


def keep_worklist(stage: Stage) -> None:
    """Write the worklist of a night that was stopped, from its rows as they were judged.

    What stops a night is often what the list says how to mend.
    """
    settings = numbers.number_settings(stage.district.settings, stage.district.state)
    roles = [_students_of(batch) for batch in stage.read(clean_name(RosterTable.ROLES))]
    users = [batch.select(numbers.COLUMNS) for batch in stage.read(clean_name(RosterTable.USERS))]
    if not roles or not users:
        return
    students = pa.chunked_array(roles, pa.string())
    rows = pa.Table.from_batches(users)
    rows = rows.filter(pc.is_in(rows.column("sourced_id"), value_set=students))
    keys = fingerprints(stage, numbers.numbers(rows, settings))
    looked_at = texts(keys, "user_sourced_id")
    with stage.house.store.begin("worklist") as conn:
        said = store.decisions(conn, stage.code, stage.district.school_year)
        new = newcomers(looked_at, keys, _NOBODY, said)
        rest = keys.filter(pc.invert(pc.is_in(looked_at, value_set=new)))
        columns = (column.to_pylist() for column in rest.columns[:3])
        keyed = [Keyed(*row) for row in zip(*columns, strict=True)]
        users = [one.user for one in keyed]
        held = identity.plan(users, keyed, said, stage.code, stage.district.school_year).held
        store.save_worklist(conn, stage.code, looked_at, _entries(held, keys), stage.night_on)


def findings_of(waiting: Sequence[Unmatched]) -> list[Finding]:
    """Return a finding for each student that is held, or whose state id is none."""
    return [
        finding
        for rule in _SPOKEN_OF
        for finding in judging.in_doubt(rule, [one.user for one in waiting if one.rule == rule])
    ]


def _may_have_moved(conn: Connection, stage: Stage) -> bool:
    """Return whether anybody could be somebody else than last night: most nights, nobody could."""
    changed = any(
        batch.num_rows
        for table in (RosterTable.USERS, RosterTable.ROLES)
        for batch in stage.read(changes_name(table))
    )
    return changed or not store.is_settled(conn, stage.code, stage.district.school_year)


def _students(conn: Connection, stage: Stage, among: Collection[str] | None = None) -> Texts:
    """Return the students on the roster; among: the users who matter, where others may come too."""
    where: dict[str, Collection[str]] = {"role": ["student"]}
    if among is not None and len(among) <= _MANY:
        where["user_sourced_id"] = among
    roles = roster.rows(conn, stage.code, RosterTable.ROLES, ["user_sourced_id"], where)
    return pc.unique(roles.column("user_sourced_id"))


def _students_of(roles: pa.RecordBatch) -> pa.Array:
    return roles.filter(pc.equal(roles.column("role"), "student")).column("user_sourced_id")


def _touched(conn: Connection, stage: Stage) -> tuple[Texts, Texts]:
    """Return the students that are new, changed or held, and who is listed and is no student any more."""
    listed = {one.user: one.rule for one, _ in store.worklist(conn, stage.code)}
    changes = pa.Table.from_batches(stage.read(changes_name(RosterTable.USERS)), schema=CHANGES)
    changed = changes.filter(pc.is_in(changes.column("op"), value_set=_TOUCHING)).column("sourced_id")
    asked = {*changed.to_pylist(), *(user for user, rule in listed.items() if rule in HELD)}
    students = _students(conn, stage, asked | listed.keys())
    unsettled = store.unsettled(conn, stage.code, stage.district.school_year)
    touched = [students.filter(pc.is_in(students, value_set=_ids(asked))), *unsettled.chunks]
    waiting = _ids(sorted(listed))
    return pc.unique(pa.chunked_array(touched, pa.string())), waiting.filter(
        pc.invert(pc.is_in(waiting, value_set=students))
    )


def _match(
    conn: Connection,
    stage: Stage,
    settings: numbers.NumberSettings,
    touched: Texts,
    gone: Texts,
) -> None:
    code, year = stage.code, stage.district.school_year
    keys = fingerprints(stage, numbers.numbers(_rows(conn, stage, numbers.COLUMNS, touched), settings))
    store.save_keys(conn, code, year, keys)
    said = store.decisions(conn, code, year)
    users = texts(keys, "user_sourced_id")
    if len(users) > _MANY:
        users = _without_newcomers(conn, stage, users, said)
    made = _plan(conn, stage, users, said) if len(users) else IdentityPlan()
    people.add_links(conn, code, year, made.links, stage.night_on)
    entries = _with_agreement(conn, stage, _entries(made.held, keys))
    store.save_worklist(conn, code, pa.concat_arrays([touched, gone]), entries, stage.night_on)
    _require_enough(conn, stage, settings)


def _without_newcomers(conn: Connection, stage: Stage, users: Texts, said: Decisions) -> Texts:
    """Link the users who can be nobody else to persons of their own, and return the others."""
    code, year = stage.code, stage.district.school_year
    known, linked = store.known_keys(conn, code, year), people.linked(conn, code, year)
    new = newcomers(users, known, linked, said)
    persons = {"user_sourced_id": new, "person_id": own_persons(new, code, year)}
    people.add_newcomers(conn, code, year, pa.table(persons), stage.night_on)
    return users.filter(pc.invert(pc.is_in(users, value_set=new)))


def _plan(conn: Connection, stage: Stage, users: Texts, said: Decisions) -> IdentityPlan:
    code, year, asked = stage.code, stage.district.school_year, users.to_pylist()
    keyed = store.sharing(conn, code, year, asked)
    others = {one.user for one in keyed}.difference(asked)
    here = {*asked, *_students(conn, stage, others).to_pylist()}
    keyed = [replace(one, in_force=one.user in here) for one in keyed]
    former = {one.person for one in keyed if one.person and not one.in_force}
    taken = people.users_of(conn, code, year, former) if former else {}
    still = set(_students(conn, stage, taken).to_pylist()) if taken else set()
    active = {who for user, who in taken.items() if user in still}
    return identity.plan(asked, keyed, said, code, year, active)


def _rows(conn: Connection, stage: Stage, columns: Sequence[str], users: Texts) -> pa.Table:
    where = {"sourced_id": users.to_pylist()} if len(users) <= _MANY else None
    rows = roster.rows(conn, stage.code, RosterTable.USERS, columns, where)
    return rows.filter(pc.is_in(rows.column("sourced_id"), value_set=users))


def fingerprints(stage: Stage, found: pa.Table) -> pa.Table:
    """Return students' numbers as fingerprints: by the region's key or the district's.

    found: as `mappings.numbers.numbers`. Columns: user_sourced_id, identity_id, local_fingerprint, misshapen.
    """
    parts = [_fingerprints(stage, part) for part in found.to_batches(max_chunksize=BATCH_ROWS)]
    return pa.Table.from_batches(parts, schema=_KEYS)


def _fingerprints(stage: Stage, found: pa.RecordBatch) -> pa.RecordBatch:
    mark, state = stage.house.keyring.markers, stage.district.state
    states = [value and f"{state}:{value}" for value in found.column("state_id").to_pylist()]
    locals_ = found.column("local_id").to_pylist()
    columns = {
        "user_sourced_id": found.column("sourced_id"),
        "identity_id": pa.array(mark(None, states, "state id"), pa.string()),
        "local_fingerprint": pa.array(mark(stage.code, locals_, "local id"), pa.string()),
        "misshapen": found.column("misshapen"),
    }
    return pa.record_batch(list(columns.values()), schema=_KEYS)


def _entries(held: Sequence[Unmatched], keys: pa.Table) -> list[Unmatched]:
    """Return the worklist's entries: those held, then those with a poor number or none."""
    entries = {one.user: one for one in held}
    blank = pc.and_(pc.is_null(keys.column("identity_id")), pc.is_null(keys.column("local_fingerprint")))
    poor = keys.filter(pc.or_(keys.column("misshapen"), blank))
    for row in poor.to_pylist():
        user = SourcedId(row["user_sourced_id"])
        entries.setdefault(user, Unmatched(user, SHAPE if row["misshapen"] else BLANK))
    return list(entries.values())


def _with_agreement(conn: Connection, stage: Stage, entries: Sequence[Unmatched]) -> list[Unmatched]:
    """Say which fields of those concerned agree, for a person to go by; too many are left as they are."""
    asked = [one for one in entries if one.rule != SHAPE]
    if not asked or len(asked) > _MANY:
        return list(entries)
    rows = _rows(conn, stage, ("sourced_id", *_COMPARED), _ids(one.user for one in asked))
    family = sorted({name for name in rows.column("family_name").to_pylist() if name})
    named = roster.rows(
        conn, stage.code, RosterTable.USERS, ("sourced_id", *_COMPARED), {"family_name": family}
    )
    concerned = _ids(user for one in asked for user in one.others)
    others = _rows(conn, stage, ("sourced_id", *_COMPARED), concerned)
    known = {row.pop("sourced_id"): row for row in (named.to_pylist() + others.to_pylist())}
    alike = identity.twins(
        (user, row["given_name"] or "", row["family_name"] or "") for user, row in known.items()
    )
    return [identity.proposed(one, known, alike) for one in entries]


def _ids(users: Iterable[SourcedId]) -> Texts:
    return pa.array(list(users), pa.string())


def _require_enough(conn: Connection, stage: Stage, settings: numbers.NumberSettings) -> None:
    if not settings.minimum_rate:
        return
    keys = store.known_keys(conn, stage.code, stage.district.school_year)
    keys = keys.filter(pc.is_in(keys.column("user_sourced_id"), value_set=_students(conn, stage)))
    kinds = identity.kinds_of(
        keys.column("identity_id").to_pylist(), keys.column("local_fingerprint").to_pylist()
    )
    for found in judging.recognised(identity.share_recognised(kinds), settings.minimum_rate):
        raise StopDistrict(found.rule, found.message, fix=found.fix)


def waiting_students(findings: Sequence[Finding]) -> Iterator[SourcedId]:
    """Yield the students that are held for their numbers' sake."""
    for finding in findings:
        if finding.rule in HELD and finding.student:
            yield finding.student
