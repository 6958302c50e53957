"""A person says what became of a grade file: it was loaded, or it was not and is taken back."""

from __future__ import annotations

from connectors.protocol import FileGradeSink, FileState
from domain.errors import StopDistrict
from domain.grading import Outcome
from domain.ids import DistrictCode
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import audit, files, outbox
from sisbridge.store.files import FileBatchRecord
from sisbridge.sync.grades import gate
from sisbridge.sync.grades.deliver import TO_SEND
from sisbridge.sync.grades.deliver_file import of_batch, settle
from sisbridge.sync.grades.file_cases import tell_files
from sisbridge.sync.grades.waiting_files import ACKNOWLEDGED, TAKEN_BACK, WAITING
from sisbridge.sync.grades.work import Work
from sisbridge.sync.grades.writeback import alone, tell_cases


def waiting(house: House, district: DistrictCode) -> list[FileBatchRecord]:
    """Return a district's grade files that may still be loaded, oldest first."""
    house.district(district)
    with house.store.read() as conn:
        return files.file_batches(conn, district, WAITING)


def loaded(house: House, district: DistrictCode, name: str, actor: str) -> int:
    """Count a file as loaded because a person says so, and return how many grades it confirms. Audited.

    Raises StopDistrict WB18 for a file that does not wait, RetryLater WB14 while grades are delivered.
    """
    known = house.district(district)
    with alone(house, district):
        record = _waiting(house, district, name)
        work = _work(house, known, record)
        _note(house, known, record, actor, "grade file said to be loaded")
        settle(work, record, ACKNOWLEDGED, Outcome.CONFIRMED, work.items, "A person said that it was loaded.")
        _tell(house, known)
    return len(work.items)


def not_loaded(house: House, district: DistrictCode, name: str, actor: str) -> int:
    """Take a file back that nobody loaded, and queue its grades anew; return how many there are. Audited.

    The file is taken out of the folder before anything is queued. Raises as `loaded`; StopDistrict WB16 when
    the district's route is another by now, WB19 when the file was acknowledged in the meantime.
    """
    known = house.district(district)
    with alone(house, district):
        record = _waiting(house, district, name)
        _note(house, known, record, actor, "grade file said not to be loaded")
        _take_back(house, known, record)
        queued = _queue_again(house, known, record)
        _tell(house, known)
    return queued


def _take_back(house: House, district: District, record: FileBatchRecord) -> None:
    route, sink = gate.opened(house, district)
    if route.kind != record.route or not isinstance(sink, FileGradeSink):
        raise StopDistrict(
            "WB16",
            f"The file {record.name} went by {record.route}, and the district's route is now {route.kind}.",
            fix="Set that route once more to have the file taken back, or say --loaded.",
            place=record.name,
        )
    if sink.take_back(record.name, record.sha256) is FileState.ACKNOWLEDGED:
        raise StopDistrict(
            "WB19",
            f"The file {record.name} is acknowledged, so it is not taken back.",
            fix="Deliver, which reads the acknowledgement; if it is wrong, remove `<name>.ack` first.",
            place=record.name,
        )


def _queue_again(house: House, district: District, record: FileBatchRecord) -> int:
    """Queue what a file held, but for what a person withdrew or a newer revision replaced."""
    work = _work(house, district, record)
    with house.store.begin("file-taken-back") as conn:
        files.set_file_batch_state(conn, district.code, record.batch_id, TAKEN_BACK)
        numbers = [item.item_id for item in work.items]
        outbox.requeue(conn, district.code, numbers, clock_of(district)())
        again = outbox.items(conn, district.code, TO_SEND)
    return len({item.item_id for item in again}.intersection(numbers))


def _work(house: House, district: District, record: FileBatchRecord) -> Work:
    sink = gate.opened(house, district)[1]
    return of_batch(Work(house, district, sink, (), {}, {}), record)


def _waiting(house: House, district: DistrictCode, name: str) -> FileBatchRecord:
    found = [one for one in waiting(house, district) if one.name == name]
    if not found:
        raise StopDistrict(
            "WB18",
            f"District {district} has no grade file {name} that waits for an answer.",
            fix=f"See those that do with `sisbridge grades file {district}`.",
            place=name,
        )
    return found[0]


def _note(house: House, district: District, record: FileBatchRecord, actor: str, said: str) -> None:
    with house.store.begin("file-said") as conn:
        at = clock_of(district)()
        audit.append(conn, district.code, actor, said, record.batch_id, record.sha256, record.sha256, at)


def _tell(house: House, district: District) -> None:
    tell_cases(house, district)
    tell_files(house, district)
