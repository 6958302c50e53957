"""Grades as a CSV file in a registrar's folder: the route for a SIS that takes no grades from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from pydantic import field_validator

from connectors.check_steps import run_steps
from connectors.protocol import Capability, CheckReport, FileBatch, FileState, RouteLimits
from connectors.sftp import outbox
from connectors.sftp.access import SftpAccess
from connectors.sftp.registrar_table import COLUMNS, render_table
from connectors.sftp.session import SftpSession
from domain.clock import Clock, system_clock
from domain.errors import ContractBroken
from domain.grading import GradePayload, GradeValue, Mark, OutboxItem, Outcome, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId

ROUTE = "registrar_file"

_TENTH = Decimal("0.1")
_MARKER = "sisbridge-check.tmp"


class RegistrarFileSettings(SftpAccess):
    """Where a registrar's folder is, what its files are called and which columns they have.

    file_name_pattern: {district} and {hash} stand for the district's code and the first 12 digits of
    the content's sha256. columns: some of `registrar_table.COLUMNS`, in the order wanted.
    """

    file_name_pattern: str = "grades_{district}_{hash}.csv"
    columns: tuple[str, ...] = tuple(COLUMNS)

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [column for column in columns if column not in COLUMNS]
        if unknown or not columns:
            raise ValueError(f"choose columns among {', '.join(COLUMNS)}; unknown: {', '.join(unknown)}")
        if "item" not in columns:
            # Without it a grade changed back would give an old file its name again, and its old receipt.
            raise ValueError("columns must contain item, which tells one release of a grade from another")
        return columns

    @field_validator("file_name_pattern")
    @classmethod
    def _named_by_content(cls, pattern: str) -> str:
        if "{hash}" not in pattern or "/" in pattern:
            raise ValueError("file_name_pattern must contain {hash} and no /")
        return pattern


class RegistrarFileSink:
    """Hands grades over as a file; implements `connectors.protocol.FileGradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: RegistrarFileSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember the folder. clock: the district's, for control files and receipts."""
        self._district = district
        self._settings = settings
        self._clock = clock

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades go by file, and can neither be read back nor withdrawn."""
        return frozenset({Capability.GRADES_FILE})

    def limits(self) -> RouteLimits:
        """Return that a line of the file is one line: no comment with tabs or line breaks."""
        carries = "comment" in self._settings.columns
        return RouteLimits(comment_length=None if carries else 0, comment_lines=False, comment_tabs=False)

    def check(self) -> CheckReport:
        """Connect step by step, then write a marker file into the folder and remove it."""
        session = SftpSession(self._settings)
        try:
            return run_steps(
                self._district,
                [
                    ("name resolution", session.resolve),
                    ("connection", session.reach),
                    ("host key", session.verify_host_key),
                    ("login", session.log_in),
                    ("folder", lambda: f"{self._settings.folder} holds {len(session.files())} files"),
                    ("permission to write", lambda: _write_marker(session)),
                ],
            )
        finally:
            session.close()

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as the file shows it: percent with one decimal, and none unless graded."""
        if value.percent is None or value.mark is not Mark.GRADED:
            return replace(value, percent=None)
        return replace(value, percent=value.percent.quantize(_TENTH, ROUND_HALF_UP))

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Refuse payloads of another district; a file needs no line items."""
        self._refuse_strangers(payloads)

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Return that nothing is known of any item: a file cannot be read back from the SIS."""
        self._refuse_strangers(payloads)
        return {payload.item_id: None for payload in payloads}

    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes.

        Raises ContractBroken WB01 for an item or a payload of another district.
        """
        chosen = [payloads[item.item_id] for item in items]
        self._refuse_strangers([*items, *chosen])
        shown = [replace(payload, value=self.canonical(payload.value)) for payload in chosen]
        content = render_table(shown, self._settings.columns)
        sha256 = hashlib.sha256(content).hexdigest()
        name = self._settings.file_name_pattern.format(district=self._district, hash=sha256[:12])
        return FileBatch(name, content, sha256, len(shown))

    def stage(self, batch: FileBatch) -> None:
        """Write the file as `.part`, where nobody picks it up; see `outbox.stage`."""
        with SftpSession(self._settings) as session:
            outbox.stage(session, batch)

    def place(self, batch: FileBatch) -> FileState:
        """Rename the staged file and write its control file; see `outbox.place`."""
        with SftpSession(self._settings) as session:
            return outbox.place(session, batch, self._clock())

    def look(self, name: str, sha256: str) -> FileState:
        """Look for a file placed earlier; see `outbox.look`."""
        with SftpSession(self._settings) as session:
            return outbox.look(session, name, sha256)

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
        self._refuse_strangers(items)
        for item in items:
            yield Receipt(
                item.item_id,
                item.attempts + 1,
                self._clock(),
                Outcome.REJECTED,
                message="A grade handed over by file cannot be taken back",
                fix="Ask the registrar to remove it from the SIS.",
            )

    def _refuse_strangers(self, things: Sequence[OutboxItem | GradePayload]) -> None:
        for thing in things:
            if thing.district != self._district:
                raise ContractBroken(
                    "WB01",
                    f"A grade of district {thing.district} was about to be sent to {self._district}",
                    fix="Nothing was sent. Report this: it is a fault of the program.",
                    place=thing.item_id,
                )


def _write_marker(session: SftpSession) -> str:
    session.write(_MARKER, b"")
    session.remove(_MARKER)
    return "a marker file was written and removed"
