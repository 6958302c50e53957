"""PowerSchool's tables made ready for the column maps, whether they came by query or as files.

Columns keep their names where only their values change, so that a missing one is named as PowerSchool does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import PLACE
from mappings.arrow import Texts
from mappings.powerschool import signs

Parts = Iterator[tuple[str, pa.RecordBatch]]
Columns = dict[str, Texts]

NO_SHOW = "excluded:no-shows, left on the day of enrolling or before"
GRADUATED_SCHOOL = "out_of_scope:the school that graduates are kept in"
DISTRICT_OFFICE = "out_of_scope:staff of the district office"

_OFFICE = "0"
_GRADUATED = "999999"
_NOTHING = pa.scalar(None, pa.string())


def adapt(source_table: str, batch: pa.RecordBatch) -> Iterable[tuple[str, pa.RecordBatch]]:
    """Return the parts that a batch of one table is made of; see `mappings.adapting`."""
    columns = {name.casefold(): batch.column(name) for name in batch.schema.names}
    change = _CHANGES.get(source_table)
    return change(columns) if change else iter([(source_table, batch)])


def _schools(columns: Columns) -> Parts:
    """A school names its district by number only; the district is made an organization of its own.

    PowerSchool keeps graduates in a school that is none.
    """
    changed = _with(columns, district_number=signs.district_numbers)
    whole = _batch(changed)
    graduates = _equals(_get(changed, "school_number"), _GRADUATED)
    yield "schools", whole.filter(pc.invert(graduates))
    yield GRADUATED_SCHOOL, whole.filter(graduates)
    if "district_number" in columns:
        yield "districts", _first_of_each(_batch(_only(changed, "district_number", PLACE)), "district_number")


def _terms(columns: Columns) -> Parts:
    """TERMS is read, never computed below the year: only the year of a term follows from its id."""
    ids = _get(columns, "id")
    kind = signs.session_types(_get(columns, "isyearrec"), _get(columns, "portion"), ids)
    changed = _with(columns, lastday=signs.day_after)
    more = {"session_type": kind, "year_id": signs.year_ids(ids), "school_year": signs.ending_years(ids)}
    yield "terms", _batch({**changed, **more}, without=("isyearrec", "portion", "yearid"))


def _sections(columns: Columns) -> Parts:
    teachers = _batch(_only(columns, "id", "schoolid", "users_dcid", PLACE))
    yield "sections", _batch(columns, without=("users_dcid", "teacher"))
    if "users_dcid" in columns:
        yield "section_teachers", teachers.filter(pc.is_valid(_blank_is_null(columns["users_dcid"])))


def _students(columns: Columns) -> Parts:
    """A graduate's school is none: the user stays, for grades still on their way, without a role at it."""
    changed = _with(columns, student_web_id=signs.logins, web_id=signs.logins)
    if "enroll_status" in columns:
        changed["enabled"] = signs.enabled(columns["enroll_status"])
    if "state_studentnumber" in columns:
        changed["state_ids"] = signs.state_ids(columns["state_studentnumber"])
    whole = _batch(changed, without=("enroll_status", "state_studentnumber"))
    gone = _equals(_get(columns, "schoolid"), _GRADUATED)
    yield "students", whole.filter(pc.invert(gone))
    yield "graduates", whole.filter(gone)


def _staff(columns: Columns) -> Parts:
    """A teacher has a row per school; what the user is made of must not differ between them."""
    changed = _with(columns, loginid=signs.logins, teacherloginid=signs.logins)
    home = pc.equal(_get(columns, "homeschoolid"), _get(columns, "schoolid"))
    changed["role_type"] = pc.if_else(home, "primary", "secondary").cast(pa.string())
    whole = _batch(changed, without=("homeschoolid", "status", "staffstatus"))
    office = _equals(_get(columns, "schoolid"), _OFFICE)
    yield "staff", whole.filter(pc.invert(office))
    yield DISTRICT_OFFICE, whole.filter(office)


def _cc(columns: Columns) -> Parts:
    """DATELEFT is the day after the last one, and so are our end dates: it is taken as it is.

    A dropped enrollment without a day of leaving never ends by a date, so it is withdrawn.
    """
    enrolled, left = _get(columns, "dateenrolled"), signs.days(_get(columns, "dateleft"))
    dropped = pc.and_(signs.is_dropped(_get(columns, "sectionid")), pc.is_null(left))
    changed = _with(columns, sectionid=signs.unsigned, termid=signs.unsigned)
    changed["status"] = pc.if_else(dropped, "tobedeleted", "active").cast(pa.string())
    whole = _batch(changed, without=("termid", "course_number", "section_number"))
    no_show = signs.is_no_show(enrolled, left)
    yield "cc", whole.filter(pc.invert(no_show))
    yield NO_SHOW, whole.filter(no_show)


_CHANGES: Mapping[str, Callable[[Columns], Parts]] = {
    "schools": _schools,
    "terms": _terms,
    "sections": _sections,
    "students": _students,
    "staff": _staff,
    "cc": _cc,
}


def _get(columns: Columns, name: str) -> Texts:
    rows = len(columns[PLACE])
    return columns[name] if name in columns else pa.nulls(rows, pa.string())


def _with(columns: Columns, **changes: Callable[[Texts], Texts]) -> Columns:
    """Return the columns, those named changed where they are there."""
    return columns | {name: change(columns[name]) for name, change in changes.items() if name in columns}


def _only(columns: Columns, *names: str) -> Columns:
    return {name: columns[name] for name in names if name in columns}


def _batch(columns: Columns, without: Iterable[str] = ()) -> pa.RecordBatch:
    left_out = frozenset(without)
    kept = {name: column for name, column in columns.items() if name not in left_out}
    return pa.RecordBatch.from_arrays(list(kept.values()), names=list(kept))


def _first_of_each(rows: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Return the first row of each value of a column, none of a blank one."""
    values = rows.column(name)
    first = [values.index(value).as_py() for value in values.unique() if value.is_valid]
    return rows.take(pa.array(first, pa.int64()))


def _equals(values: Texts, wanted: str) -> pa.BooleanArray:
    return pc.equal(pc.utf8_trim_whitespace(values), wanted).fill_null(False)


def _blank_is_null(values: Texts) -> Texts:
    bare = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(bare, ""), _NOTHING, bare)
