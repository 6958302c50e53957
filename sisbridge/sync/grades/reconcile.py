"""Once a night: see which grade files the other side acknowledged since, and which wait for long."""

from __future__ import annotations

from connectors import registry
from connectors.protocol import FileGradeSink
from domain.errors import SisbridgeError
from domain.grading import OutboxState
from domain.ids import DistrictCode
from domain.model import Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import cases, outbox
from sisbridge.sync.context import connector_of
from sisbridge.sync.grades.deliver_file import look_after_placed
from sisbridge.sync.grades.file_cases import tell_files
from sisbridge.sync.grades.writeback import lock_of

_LYING = (OutboxState.DELIVERED, OutboxState.UNKNOWN)


def reconcile(house: House, district: DistrictCode) -> None:
    """Confirm the grades of acknowledged files, and open a case for those that wait for long; sends nothing.

    While grades of the district are delivered nothing is looked at: the delivery does. A district without
    such files is not even called. Never raises an SIS's failure: a case says it.
    """
    with house.store.read() as conn:
        is_lying = bool(outbox.items(conn, district, _LYING))
    if is_lying:
        try:
            with house.store.alone(lock_of(district)) as is_alone:
                if is_alone:
                    _look(house, district)
            _tell(house, district, None)
        except SisbridgeError as error:
            _tell(house, district, error)
    tell_files(house, house.district(district))


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


def _failed(error: SisbridgeError) -> Finding:
    return Finding(
        error.code, Severity.HOLD_FEED, "grades", "", error.place, "", "", error.message, error.fix
    )
