"""Cases: the standing form of like findings, opened, followed and closed night by night."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.ids import CaseId, DistrictCode, fixed_id
from domain.model import Case, CaseState, Finding
from sisbridge.store.findings import QuarantinedRow, quarantine, quarantined, record_findings
from sisbridge.store.tables.roster import case, case_night
from sisbridge.store.upsert import upsert

__all__ = ["fold", "open_cases", "QuarantinedRow", "quarantine", "quarantined", "record_findings"]

_IS_OPEN = case.c.state != CaseState.CLOSED.value


def fold(
    conn: Connection,
    district: DistrictCode,
    night_on: date,
    findings: Sequence[Finding],
    scope: str,
    *,
    closing: bool | Collection[str] = True,
) -> list[Case]:
    """Make the open cases of one scope say what these findings say, and return them.

    scope: what was looked at (`roster`, `grades:<route>`): only its cases close when nothing supports
    them. One case per rule, table, field and group. A case seen again after it was closed is opened
    anew and counts its nights from then. Folding the same night twice changes nothing. closing: False
    when only a part was looked at (a delta), or the rules that were: of others silence proves nothing, and no
    case of theirs closes.
    """
    groups: dict[CaseId, list[Finding]] = {}
    for one in findings:
        groups.setdefault(_case_id(district, scope, one), []).append(one)
    known = {row.case_id: row for row in conn.execute(sa.select(case).where(*_of(district, scope)))}
    rows = [
        _case_row(district, scope, night_on, case_id, group[0], known.get(case_id))
        for case_id, group in groups.items()
    ]
    upsert(conn, case, rows)
    upsert(conn, case_night, [_night_row(district, id_, night_on, group) for id_, group in groups.items()])
    if closing:
        rules = None if closing is True else closing
        _close_others(conn, district, scope, night_on, set(groups), rules)
    return _cases(conn, _IS_OPEN, *_of(district, scope))


def open_cases(conn: Connection, district: DistrictCode | None = None) -> list[Case]:
    """Return the cases that are not closed, of one district or all, by district, rule and place."""
    return _cases(conn, _IS_OPEN, *([case.c.district_code == district] if district is not None else []))


def close(conn: Connection, district: DistrictCode, night_on: date, numbers: Sequence[CaseId]) -> None:
    """Close these cases of a district; one that is closed already keeps its night."""
    if numbers:
        conn.execute(
            sa.update(case)
            .where(case.c.district_code == district, _IS_OPEN, case.c.case_id == sa.bindparam("closing"))
            .values(state=CaseState.CLOSED.value, closed_on=night_on),
            [{"closing": case_id} for case_id in numbers],
        )


def _case_id(district: DistrictCode, scope: str, one: Finding) -> CaseId:
    return CaseId(fixed_id("case", district, scope, one.rule, one.table, one.field, one.group))


def _of(district: DistrictCode, scope: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return case.c.district_code == district, case.c.scope == scope


def _case_row(
    district: DistrictCode,
    scope: str,
    night_on: date,
    case_id: CaseId,
    first: Finding,
    known: Row[*tuple[Any, ...]] | None,
) -> dict[str, object]:
    return {
        "district_code": district,
        "case_id": case_id,
        "scope": scope,
        "rule": first.rule,
        "roster_table": str(first.table),
        "field": first.field,
        "grouping": first.group,
        **_standing(night_on, known),
        "message": first.message,
        "fix": first.fix,
        "first_place": first.place,
        "first_key": first.key,
        "last_seen_on": night_on,
        "closed_on": None,
    }


def _standing(night_on: date, known: Row[*tuple[Any, ...]] | None) -> Mapping[str, object]:
    """Return state and first night: kept while a case goes on, fresh when it opens or opens anew."""
    if known is None or (known.closed_on is not None and known.closed_on < night_on):
        return {"state": CaseState.OPEN.value, "opened_on": night_on}
    # Closed and seen again in one night is one night's work, repeated.
    state = CaseState.OPEN.value if known.state == CaseState.CLOSED else known.state
    return {"state": state, "opened_on": known.opened_on}


def _night_row(
    district: DistrictCode, case_id: CaseId, night_on: date, group: Sequence[Finding]
) -> dict[str, object]:
    return {
        "district_code": district,
        "case_id": case_id,
        "night_on": night_on,
        "rows": len(group),
        "students": len({one.student for one in group if one.student is not None}),
    }


def _close_others(
    conn: Connection,
    district: DistrictCode,
    scope: str,
    night_on: date,
    supported: set[CaseId],
    rules: Collection[str] | None,
) -> None:
    wanted = sa.select(case.c.case_id).where(*_of(district, scope), _IS_OPEN)
    standing = conn.scalars(wanted if rules is None else wanted.where(case.c.rule.in_(rules))).all()
    close(conn, district, night_on, [case_id for case_id in standing if case_id not in supported])


def _cases(conn: Connection, *wanted: ColumnElement[bool]) -> list[Case]:
    """Return cases with the size of their last night and the number of nights since they opened."""
    of_case = (case_night.c.district_code == case.c.district_code, case_night.c.case_id == case.c.case_id)
    every = case_night.alias("every_night")
    nights = (
        sa.select(sa.func.count())
        .where(every.c.district_code == case.c.district_code, every.c.case_id == case.c.case_id)
        .where(every.c.night_on >= case.c.opened_on)
        .scalar_subquery()
        .label("nights")
    )
    statement = (
        sa.select(case, case_night.c.rows, case_night.c.students, nights)
        .join(case_night, sa.and_(*of_case, case_night.c.night_on == case.c.last_seen_on))
        .where(*wanted)
    )
    columns = ("district_code", "rule", "roster_table", "field", "grouping", "scope")
    rows = conn.execute(statement.order_by(*(case.c[name] for name in columns)))
    return [_case(row) for row in rows]


def _case(row: Row[*tuple[Any, ...]]) -> Case:
    return Case(
        case_id=row.case_id,
        district=row.district_code,
        rule=row.rule,
        table=row.roster_table,
        field=row.field,
        group=row.grouping,
        state=CaseState(row.state),
        message=row.message,
        fix=row.fix,
        first_place=row.first_place,
        first_key=row.first_key,
        rows=row.rows,
        students=row.students,
        nights=row.nights,
        opened_on=row.opened_on,
        last_seen_on=row.last_seen_on,
    )
