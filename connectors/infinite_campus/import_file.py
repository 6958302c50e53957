"""Grades into Infinite Campus as a file that a custom module of its Data Import Wizard picks up.

Source: Infinite Campus knowledge base, data import wizard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from connectors.infinite_campus.import_layout import ImportLayout, written
from connectors.protocol import FileBatch, FileState, RouteLimits
from connectors.sftp.access import SftpAccess
from connectors.sftp.file_route import SftpGradeFile, file_batch, named_by_content
from connectors.sftp.session import SftpSession
from domain.clock import Clock, system_clock
from domain.errors import RowRejected
from domain.grading import GradePayload, Mark, OutboxItem
from domain.ids import DistrictCode, ItemId

ROUTE = "infinite_campus_import_file"


class CampusImportSettings(SftpAccess):
    """Where the module picks files up, and the layout agreed on.

    file_name_pattern: {district} and {hash}, which differs for every release. done_prefix: what the module
    puts before the name of a file it has taken ("p_" at one vendor); such a file counts as acknowledged.
    comment_length: the longest comment the module takes.
    """

    layout: ImportLayout
    file_name_pattern: str = "sisbridge_{district}_{hash}.csv"
    delimiter: Literal[",", "\t", ";", "|"] = ","
    header: bool = True
    encoding: Literal["utf-8", "utf-8-sig", "cp1252"] = "utf-8"
    done_prefix: str = ""
    comment_length: int | None = Field(default=None, ge=1)

    @field_validator("file_name_pattern")
    @classmethod
    def _named_by_content(cls, pattern: str) -> str:
        return named_by_content(pattern)


class InfiniteCampusImportSink(SftpGradeFile):
    """Hands grades over in the agreed layout; implements `connectors.protocol.FileGradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: CampusImportSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember folder and layout. clock: the district's, for control files and receipts."""
        super().__init__(district, settings, clock)
        self._settings = settings

    def limits(self) -> RouteLimits:
        """Return what a line of the agreed layout can say."""
        layout = self._settings.layout
        letters = layout.holds("letter")
        return RouteLimits(
            comment_length=self._settings.comment_length if layout.holds("comment") else 0,
            comment_lines=False,
            comment_tabs=False,
            characters=self._settings.encoding,
            marks=frozenset(Mark) if letters else frozenset({Mark.GRADED}),
            needs_percent=not letters,
            needs_letter=letters,
        )

    def unfit(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RowRejected]:
        """Return the grades the layout has no place for, and why (WB53, WB54, WB55, WB57)."""
        layout = self._settings.layout
        judged = {one.item_id: layout.unfit(one) or self._unwritable(one) for one in payloads}
        return {item_id: refusal for item_id, refusal in judged.items() if refusal is not None}

    def _unwritable(self, payload: GradePayload) -> RowRejected | None:
        try:
            "".join(self._settings.layout.line(payload)).encode(self._settings.encoding)
        except UnicodeEncodeError:
            return RowRejected(
                "WB57",
                f"A cell of this grade's line holds a character that {self._settings.encoding} lacks",
                key=payload.item_id,
                fix="Agree with Campus on utf-8 as encoding, or correct the course or school in the SIS",
            )
        return None

    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes.

        Raises ContractBroken WB01 for an item or a payload of another district, RowRejected for a grade
        that `unfit` names.
        """
        chosen = [payloads[item.item_id] for item in items]
        self.refuse_strangers([*items, *chosen])
        for refusal in self.unfit(chosen).values():
            raise refusal
        shown = [replace(payload, value=self.canonical(payload.value)) for payload in chosen]
        form = {"delimiter": self._settings.delimiter, "encoding": self._settings.encoding}
        content = written(self._settings.layout, shown, form, header=self._settings.header)
        return file_batch(self._settings.file_name_pattern, self._district, content, len(shown), items)

    def look(self, name: str, sha256: str) -> FileState:
        """Look for a file placed earlier; one the module has renamed as taken is acknowledged."""
        seen = super().look(name, sha256)
        if not self._settings.done_prefix or seen is FileState.CHANGED:
            return seen
        with SftpSession(self._settings) as session:
            taken = session.read(self._settings.done_prefix + name, 1)
        return seen if taken is None else FileState.ACKNOWLEDGED
