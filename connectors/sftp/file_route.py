"""A grade route that is a file in a folder on an SFTP server: all of it but what stands in the file."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from connectors.check_steps import Step, run_steps
from connectors.protocol import Capability, CheckReport, FileBatch, FileState, RouteLimits
from connectors.sftp import outbox
from connectors.sftp.access import SftpAccess
from connectors.sftp.session import SftpSession
from connectors.sftp.steps import session_steps
from domain.clock import Clock
from domain.errors import ContractBroken
from domain.grading import GradePayload, GradeValue, Mark, OutboxItem, Outcome, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId

_TENTH = Decimal("0.1")
_MARKER = "sisbridge-check.tmp"


class SftpGradeFile(ABC):
    """Hands grades over as a file; with `limits` and `render` it is a `FileGradeSink`."""

    def __init__(self, district: DistrictCode, access: SftpAccess, clock: Clock) -> None:
        """Remember the folder. clock: the district's, for control files and receipts."""
        self._district = district
        self._access = access
        self._clock = clock

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades go by file, and can neither be read back nor withdrawn."""
        return frozenset({Capability.GRADES_FILE})

    @abstractmethod
    def limits(self) -> RouteLimits:
        """Return what a line of the file can carry."""

    def check(self) -> CheckReport:
        """Connect step by step, then write a marker file into the folder and remove it."""
        session = SftpSession(self._access)
        try:
            steps = session_steps(session, self._access.folder)
            marker = Step("permission to write", lambda: _write_marker(session))
            return run_steps(self._district, [*steps, marker])
        finally:
            session.close()

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as the file shows it: percent with one decimal, and none unless graded."""
        if value.percent is None or value.mark is not Mark.GRADED:
            return replace(value, percent=None)
        return replace(value, percent=value.percent.quantize(_TENTH, ROUND_HALF_UP))

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Refuse payloads of another district; a file needs no line items."""
        self.refuse_strangers(payloads)

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Return that nothing is known of any item: a file cannot be read back from the SIS."""
        self.refuse_strangers(payloads)
        return {payload.item_id: None for payload in payloads}

    @abstractmethod
    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes."""

    def stage(self, batch: FileBatch) -> None:
        """Write the file as `.part`, where nobody picks it up; see `outbox.stage`."""
        with SftpSession(self._access) as session:
            outbox.stage(session, batch)

    def place(self, batch: FileBatch) -> FileState:
        """Rename the staged file and write its control file; see `outbox.place`."""
        with SftpSession(self._access) as session:
            return outbox.place(session, batch, self._clock())

    def look(self, name: str, sha256: str) -> FileState:
        """Look for a file placed earlier; see `outbox.look`."""
        with SftpSession(self._access) as session:
            return outbox.look(session, name, sha256)

    def take_back(self, name: str, sha256: str) -> FileState:
        """Take a file that nobody loaded out of the folder; see `outbox.take_back`."""
        if self.look(name, sha256) is FileState.ACKNOWLEDGED:
            return FileState.ACKNOWLEDGED
        with SftpSession(self._access) as session:
            return outbox.take_back(session, name, sha256)

    def deliver(
        self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]
    ) -> Iterator[Receipt]:
        """Place one file for all items, then yield DELIVERED for each, with the file's name."""
        if not items:
            return
        batch = self.render(items, payloads)
        self.stage(batch)
        self.place(batch)
        sent_at = self._clock()
        for item in items:
            sent = self.canonical(payloads[item.item_id].value)
            yield Receipt(
                item.item_id, item.attempts + 1, sent_at, Outcome.DELIVERED, sent=sent, remote=batch.name
            )

    def withdraw(
        self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]
    ) -> Iterator[Receipt]:
        """Yield REJECTED for each item: a file that was handed over may have been keyed already."""
        self.refuse_strangers(items)
        for item in items:
            yield Receipt(
                item.item_id,
                item.attempts + 1,
                self._clock(),
                Outcome.REJECTED,
                message="A grade handed over by file cannot be taken back",
                fix="Ask the registrar to remove it from the SIS.",
            )

    def refuse_strangers(self, things: Sequence[OutboxItem | GradePayload]) -> None:
        """Raise ContractBroken WB01 for an item or a payload of another district."""
        for thing in things:
            if thing.district != self._district:
                raise ContractBroken(
                    "WB01",
                    f"A grade of district {thing.district} was about to be sent to {self._district}",
                    fix="Nothing was sent. Report this: it is a fault of the program.",
                    place=thing.item_id,
                )


def named_by_content(pattern: str) -> str:
    """Return a file name's pattern; ValueError when it would not name the file by its content."""
    if "{hash}" not in pattern or "/" in pattern:
        raise ValueError("file_name_pattern must contain {hash} and no /")
    return pattern


def file_batch(
    name_pattern: str, district: DistrictCode, content: bytes, rows: int, items: Sequence[OutboxItem] = ()
) -> FileBatch:
    """Return a file whose {hash} names its content: the first 12 digits of its sha256.

    items: given where no column names them. A grade changed back would else give an old file its name
    again, and its old receipt.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    ids = "".join(sorted(item.item_id for item in items))
    mixed = hashlib.sha256(f"{sha256}{ids}".encode()).hexdigest() if ids else sha256
    return FileBatch(name_pattern.format(district=district, hash=mixed[:12]), content, sha256, rows)


def _write_marker(session: SftpSession) -> str:
    session.write(_MARKER, b"")
    session.remove(_MARKER)
    return "a marker file was written and removed"
