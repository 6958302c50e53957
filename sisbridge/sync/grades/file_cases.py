"""Cases of the grade files that lie with a registrar: changed there, waited for, or there for long."""

from __future__ import annotations

from datetime import timedelta

from domain.grading import OutboxItem, OutboxState
from domain.model import District, Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import cases, files, outbox
from sisbridge.store.database import Connection
from sisbridge.store.files import FileBatchRecord
from sisbridge.sync.grades.waiting_files import CHANGED, PLACED, overtaking

PATIENCE = timedelta(days=7)
"""How long a grade file may lie without an acknowledgement until a case says so."""

_SAY = "`sisbridge grades file {0} {1} --loaded`, or --not-loaded"


def tell_files(house: House, district: District) -> None:
    """Open a case of each file that was changed, lies for long or is waited for, and close the others."""
    with house.store.begin("cases") as conn:
        found = [*_changed(conn, district), *_late(conn, district), *_waited_for(conn, district)]
        cases.fold(conn, district.code, today_of(district), found, "grade files")


def _changed(conn: Connection, district: District) -> list[Finding]:
    return [
        _finding(
            "WB33",
            batch.name,
            item,
            f"The grade file {batch.name} was changed after it was placed, as by opening and saving it in a "
            "spreadsheet; what is loaded of it may be another grade.",
            "Ask the registrar not to save the file. If it was loaded, compare its grades in the SIS and say "
            f"--loaded; if not, --not-loaded sends them anew: {_said(district, batch)}.",
        )
        for batch in files.file_batches(conn, district.code, [CHANGED])
        for item in _undecided(conn, district, batch)
    ]


def _late(conn: Connection, district: District) -> list[Finding]:
    before = clock_of(district)() - PATIENCE
    late = [one for one in files.file_batches(conn, district.code, [PLACED]) if one.created_at < before]
    return [
        _finding(
            "WB32",
            batch.name,
            item,
            f"Grades were handed over in a file that nobody acknowledged within {PATIENCE.days} days.",
            "Ask the registrar whether the file was loaded, and have `<name>.ack` left beside it or say so: "
            f"{_said(district, batch)}; what is entered by hand, `sisbridge grades choose DISTRICT ITEM "
            "--keep-theirs`.",
            item.route,
        )
        for batch in late
        for item in _undecided(conn, district, batch)
    ]


def _waited_for(conn: Connection, district: District) -> list[Finding]:
    items = outbox.items(conn, district.code, [OutboxState.QUEUED, OutboxState.NOT_TAKEN])
    waits = zip(items, overtaking(conn, district.code, items), strict=True)
    return [
        _finding(
            "WB34",
            file,
            item,
            f"Corrected grades wait until it is known whether {file}, which holds older values, was loaded.",
            f"Ask the registrar, then say so: {_SAY.format(district.code, file)}; or have `<name>.ack` left "
            "beside it.",
        )
        for item, file in waits
        if file is not None
    ]


def _undecided(conn: Connection, district: District, batch: FileBatchRecord) -> list[OutboxItem]:
    found = files.batch_items(conn, district.code, batch.batch_id)
    return [item for item in found if item.state is OutboxState.DELIVERED]


def _said(district: District, batch: FileBatchRecord) -> str:
    return _SAY.format(district.code, batch.name)


def _finding(rule: str, file: str, item: OutboxItem, message: str, fix: str, group: str = "") -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=file,
        key=item.item_id,
        masked="",
        message=message,
        fix=fix,
        group=group or file,
    )
