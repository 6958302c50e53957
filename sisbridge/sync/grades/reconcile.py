"""Once a night: see which grade files the other side acknowledged since, and which wait for long."""

from __future__ import annotations

from datetime import timedelta

from connectors import registry
from connectors.protocol import FileGradeSink
from domain.errors import SisbridgeError
from domain.grading import OutboxItem, OutboxState
from domain.ids import DistrictCode
from domain.model import Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import cases, files, outbox
from sisbridge.sync.context import connector_of
from sisbridge.sync.grades.deliver_file import PLACED, look_after_placed

PATIENCE = timedelta(days=7)
"""How long a grade file may lie without an acknowledgement until a case says so."""

_LYING = (OutboxState.DELIVERED, OutboxState.UNKNOWN)


def reconcile(house: House, district: DistrictCode) -> None:
    """Confirm the grades of acknowledged files, and open a case for those that wait for long; sends nothing.

    A district without such files is not even called. Never raises an SIS's failure: a case says it.
    """
    with house.store.read() as conn:
        is_lying = bool(outbox.items(conn, district, _LYING))
    if is_lying:
        try:
            _look(house, district)
            _tell(house, district, None)
        except SisbridgeError as error:
            _tell(house, district, error)
    _tell_unacknowledged(house, district)


def _look(house: House, district: DistrictCode) -> None:
    config, secret = connector_of(house, district, "grades")
    if config is None:
        return
    known = house.district(district)
    sink = registry.grade_sink(config, secret, clock=clock_of(known))
    if isinstance(sink, FileGradeSink):
        look_after_placed(house, known, sink, config.kind)


def _tell(house: House, district: DistrictCode, error: SisbridgeError | None) -> None:
    """Open the case of a look that failed, or close the one of an earlier night."""
    findings = [] if error is None else [_failed(error)]
    with house.store.begin("cases") as conn:
        cases.fold(conn, district, today_of(house.district(district)), findings, "delivery")


def _tell_unacknowledged(house: House, district: DistrictCode) -> None:
    """Open a case of the files that lie for long, or close it: nobody else waits for them."""
    known = house.district(district)
    with house.store.begin("cases") as conn:
        before = clock_of(known)() - PATIENCE
        late = [one for one in files.file_batches(conn, district, [PLACED]) if one.created_at < before]
        waiting = [
            _unacknowledged(batch.name, item)
            for batch in late
            for item in files.batch_items(conn, district, batch.batch_id)
            if item.state is OutboxState.DELIVERED
        ]
        cases.fold(conn, district, today_of(known), waiting, "grade files")


def _unacknowledged(file: str, item: OutboxItem) -> Finding:
    return Finding(
        rule="WB32",
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=file,
        key=item.item_id,
        masked="",
        message=f"Grades were handed over in a file that nobody acknowledged within {PATIENCE.days} days.",
        fix="Ask the registrar whether the file was loaded, and have `<name>.ack` left beside it; what is "
        "entered by hand, `sisbridge grades choose DISTRICT ITEM --keep-theirs`.",
        group=item.route,
    )


def _failed(error: SisbridgeError) -> Finding:
    return Finding(
        error.code, Severity.HOLD_FEED, "grades", "", error.place, "", "", error.message, error.fix
    )
