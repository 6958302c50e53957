"""Campus's tables made ready for the column maps.

Source: Infinite Campus knowledge base, OneRoster data models (no-shows, service type).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import PLACE
from mappings.arrow import Texts

NO_SHOW = "out_of_scope:no-shows"

_TRUE = pa.array(["1", "true", "y", "yes", "t"])

_OF_A_DISTRICT = ("districtnumber", "districtname", PLACE)

Parts = Iterator[tuple[str, pa.RecordBatch]]


def adapt(source_table: str, batch: pa.RecordBatch) -> Iterable[tuple[str, pa.RecordBatch]]:
    """Return the parts that a batch of one table is made of; see `mappings.adapting`.

    A student who never came (noShow) is left out, as Campus itself does in OneRoster. A section's teacher
    becomes an enrollment, and the district that a school names an organization.
    """
    change = {"schools": _schools, "students": _students, "sections": _sections}.get(source_table)
    return change(batch) if change else iter([(source_table, batch)])


def _schools(batch: pa.RecordBatch) -> Parts:
    number = _named(batch, "districtNumber")
    if number is None:
        yield "schools", batch
        return
    yield "schools", _without(batch, "districtName")
    told = pc.not_equal(pc.fill_null(pc.utf8_trim_whitespace(number), ""), "")
    first = [number.index(value).as_py() for value in number.filter(told).unique()]
    named = [one for one in batch.schema.names if one.casefold() in _OF_A_DISTRICT]
    yield "districts", batch.select(named).take(pa.array(first, pa.int64()))


def _students(batch: pa.RecordBatch) -> Parts:
    number = _named(batch, "stateID")
    if number is not None:
        tagged = pc.binary_join_element_wise("{STN:", pc.utf8_trim_whitespace(number), "}", "")
        blank = pc.equal(pc.fill_null(pc.utf8_trim_whitespace(number), ""), "")
        batch = _without(batch, "stateID").append_column("state_ids", pc.if_else(blank, None, tagged))
    absent = _named(batch, "noShow")
    if absent is None:
        yield "students", batch
        return
    out = pc.is_in(pc.utf8_lower(pc.fill_null(pc.utf8_trim_whitespace(absent), "")), value_set=_TRUE)
    whole = _without(batch, "noShow")
    yield "students", whole.filter(pc.invert(out))
    yield NO_SHOW, whole.filter(out)


def _sections(batch: pa.RecordBatch) -> Parts:
    teacher = _named(batch, "teacherPersonID")
    if teacher is None:
        yield "sections", batch
        return
    yield "sections", _without(batch, "teacherPersonID")
    taught = pc.not_equal(pc.fill_null(pc.utf8_trim_whitespace(teacher), ""), "")
    wanted = ("sectionid", "schoolnumber", "teacherpersonid", "_place")
    yield (
        "section_teachers",
        batch.select([n for n in batch.schema.names if n.casefold() in wanted]).filter(taught),
    )


def _named(batch: pa.RecordBatch, name: str) -> Texts | None:
    """Return a column whatever its case, None when it is not there."""
    return next((batch.column(one) for one in batch.schema.names if one.casefold() == name.casefold()), None)


def _without(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    return batch.select([one for one in batch.schema.names if one.casefold() != name.casefold()])
