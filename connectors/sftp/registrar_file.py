"""Grades as a CSV file in a registrar's folder: the route for a SIS that takes no grades from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import field_validator

from connectors.protocol import FileBatch, RouteLimits
from connectors.sftp.access import SftpAccess
from connectors.sftp.file_route import SftpGradeFile, file_batch, named_by_content
from connectors.sftp.registrar_table import COLUMNS, render_table
from domain.clock import Clock, system_clock
from domain.grading import GradePayload, OutboxItem
from domain.ids import DistrictCode, ItemId

ROUTE = "registrar_file"


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
        return named_by_content(pattern)


class RegistrarFileSink(SftpGradeFile):
    """Hands grades over as a file; implements `connectors.protocol.FileGradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: RegistrarFileSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember the folder. clock: the district's, for control files and receipts."""
        super().__init__(district, settings, clock)
        self._settings = settings

    def limits(self) -> RouteLimits:
        """Return that a line of the file is one line: no comment with tabs or line breaks."""
        carries = "comment" in self._settings.columns
        return RouteLimits(comment_length=None if carries else 0, comment_lines=False, comment_tabs=False)

    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes.

        Raises ContractBroken WB01 for an item or a payload of another district.
        """
        chosen = [payloads[item.item_id] for item in items]
        self.refuse_strangers([*items, *chosen])
        shown = [replace(payload, value=self.canonical(payload.value)) for payload in chosen]
        content = render_table(shown, self._settings.columns)
        return file_batch(self._settings.file_name_pattern, self._district, content, len(shown))
