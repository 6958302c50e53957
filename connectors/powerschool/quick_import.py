"""Grades as a file that a registrar loads into PowerSchool's stored grades with Quick Import.

The lowest-friction way into a transcript: nothing is installed, and a person looks at the file first.
PowerSchool takes stored grades by no unattended import, neither AutoComm nor Data Import Manager.
Source: PowerSchool help, Quick Import and historical grades.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field, field_validator, model_validator

from connectors.powerschool.quick_import_export import exported, ours, shows
from connectors.powerschool.quick_import_table import COLUMNS, OF_THE_DISTRICT, REQUIRED, letter, written
from connectors.protocol import FileBatch, FileState, RouteLimits
from connectors.sftp.access import SftpAccess
from connectors.sftp.file_route import SftpGradeFile, file_batch, named_by_content
from connectors.sftp.session import RemoteFile, SftpSession
from domain.clock import Clock, system_clock
from domain.errors import RowRejected
from domain.grading import GradePayload, Mark, OutboxItem
from domain.ids import DistrictCode, ItemId

ROUTE = "powerschool_quick_import"

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are read back at most."""

KNOWN = (*COLUMNS, "Grade", "SectionID", *OF_THE_DISTRICT)
"""Every column that a file may have."""

USUAL = (
    "Student_Number", "Course_Name", "Grade_Level", "TermID", "StoreCode", "Course_Number", "Grade",
    "Percent", "SchoolID", "SchoolName", "Teacher_Name", "Comment_Value", "DateStored",
)  # fmt: skip
"""The columns unless a district says otherwise."""


class QuickImportSettings(SftpAccess):
    """Where the registrar's folder is, and what the district's import map looks like.

    file_name_pattern: {district} and {hash}, which differs for every release. columns: PowerSchool's names
    in the order of the import map. header: whether the first line names them. charset: "windows" is the
    importer's Windows ANSI, "unicode" its Unicode (UTF-16). student_key: by which number it finds students.
    class_is_section: whether the roster's class ids are SECTIONS.ID, as our plugin's queries and exported
    files bring them; then SectionID ties a grade to its section. mark_codes: what the district writes as
    the grade of a mark that is no number. constants: one value for all lines of a column that only the
    district can know; credits and GPA are sent in no other way. comment_length: of its comment field.
    export_name: a later export of StoredGrades, * for any part of it, in export_folder or beside our
    files: a file whose grades it shows counts as acknowledged.
    """

    file_name_pattern: str = "storedgrades_{district}_{hash}.txt"
    columns: tuple[str, ...] = USUAL
    header: bool = True
    charset: Literal["windows", "unicode", "mac", "iso", "utf-8"] = "windows"
    student_key: Literal["Student_Number", "State_StudentNumber"] = "Student_Number"
    class_is_section: bool = False
    mark_codes: dict[Mark, str] = {Mark.INCOMPLETE: "I", Mark.WITHDRAWN: "W", Mark.PASS: "P"}
    constants: dict[str, str] = {}
    comment_length: int | None = Field(default=None, ge=1)
    export_name: str = ""
    export_folder: str = ""

    @field_validator("file_name_pattern")
    @classmethod
    def _named_by_content(cls, pattern: str) -> str:
        return named_by_content(pattern)

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(columns) - set(KNOWN))
        if unknown or len(set(columns)) < len(columns):
            raise ValueError(f"choose columns among {', '.join(KNOWN)}, each once; unknown: {unknown}")
        return columns

    @field_validator("constants")
    @classmethod
    def _of_the_district(cls, constants: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(constants) - set(OF_THE_DISTRICT))
        if unknown:
            raise ValueError(f"one value for all lines is possible for {', '.join(OF_THE_DISTRICT)} only")
        return constants

    @model_validator(mode="after")
    def _can_be_imported(self) -> QuickImportSettings:
        missing = [name for name in self.required if name not in self.columns]
        if missing or not {"Grade", "Percent"} & set(self.columns):
            wanted = [*missing, *([] if {"Grade", "Percent"} & set(self.columns) else ["Grade or Percent"])]
            raise ValueError(f"columns lack {', '.join(wanted)}, without which nothing is imported")
        if Mark.GRADED in self.mark_codes:
            raise ValueError("mark_codes are for marks that are no number: leave graded out")
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns that a line is not imported without."""
        return (self.student_key, *REQUIRED[1:])

    @property
    def codec(self) -> str:
        """Return the codec of the character set."""
        return {"windows": "cp1252", "unicode": "utf-16", "mac": "mac-roman", "iso": "latin-1"}.get(
            self.charset, self.charset
        )


class QuickImportSink(SftpGradeFile):
    """Hands stored grades over as a file; implements `connectors.protocol.FileGradeSink`."""

    def __init__(
        self, district: DistrictCode, settings: QuickImportSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember folder and columns. clock: the district's, for control files and receipts."""
        super().__init__(district, settings, clock)
        self._settings = settings

    def limits(self) -> RouteLimits:
        """Return what a line can say: one line of the character set, and the marks that have a code."""
        settings = self._settings
        letters = "Grade" in settings.columns
        marks = {Mark.GRADED, *(settings.mark_codes if letters else ())}
        return RouteLimits(
            comment_length=settings.comment_length if "Comment_Value" in settings.columns else 0,
            comment_lines=False,
            comment_tabs=False,
            characters=settings.codec,
            marks=frozenset(marks),
            needs_percent=not letters,
            needs_letter="Percent" not in settings.columns,
        )

    def unfit(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RowRejected]:
        """Return the grades that lack what a stored grade is not imported without (WB80)."""
        refused: dict[ItemId, RowRejected] = {}
        for payload in payloads:
            missing = [name for name in self._settings.required if not self._cell(payload, name)]
            if missing:
                refused[payload.item_id] = _lacking(payload, missing)
        return refused

    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes.

        Raises ContractBroken WB01 for an item or a payload of another district, RowRejected WB80 for a
        grade that `unfit` names.
        """
        chosen = [payloads[item.item_id] for item in items]
        self.refuse_strangers([*items, *chosen])
        for refusal in self.unfit(chosen).values():
            raise refusal
        columns = self._settings.columns
        shown = [replace(payload, value=self.canonical(payload.value)) for payload in chosen]
        lines = sorted([self._cell(payload, name) for name in columns] for payload in shown)
        head = [list(columns)] if self._settings.header else []
        content = written([*head, *lines], self._settings.codec)
        return file_batch(self._settings.file_name_pattern, self._district, content, len(lines), items)

    def look(self, name: str, sha256: str) -> FileState:
        """Look for a file placed earlier; one whose grades a later export shows is acknowledged."""
        seen = super().look(name, sha256)
        if seen is not FileState.IN_PLACE or not self._settings.export_name:
            return seen
        return FileState.ACKNOWLEDGED if self._shown(name) else seen

    def _shown(self, name: str) -> bool:
        """Return whether the newest export made after a file of ours shows all its grades."""
        settings = self._settings
        with SftpSession(settings) as session:
            placed = {file.name: file.modified_at for file in session.files()}.get(name)
            content = session.read(name, LARGEST)
        if placed is None or content is None:
            return False
        elsewhere = settings.model_copy(update={"folder": settings.export_folder or settings.folder})
        with SftpSession(elsewhere) as session:
            later = [one for one in session.files() if _is_export(one, settings.export_name, placed)]
            newest = max(later, key=lambda file: (file.modified_at, file.name), default=None)
            export = session.read(newest.name, LARGEST) if newest else None
        lines = ours(content, settings.codec, settings.columns, header=settings.header)
        return export is not None and shows(exported(export), lines, settings.student_key)

    def _cell(self, payload: GradePayload, column: str) -> str:
        if column == "Grade":
            return letter(payload, self._settings.mark_codes)
        if column == "SectionID":
            return payload.line_item.class_sourced_id if self._settings.class_is_section else ""
        if column in OF_THE_DISTRICT:
            return self._settings.constants.get(column, "")
        return COLUMNS[column](payload)


def _is_export(file: RemoteFile, pattern: str, after: datetime) -> bool:
    return fnmatchcase(file.name.casefold(), pattern.casefold()) and file.modified_at >= after


def _lacking(payload: GradePayload, missing: Sequence[str]) -> RowRejected:
    terms = {"TermID", "StoreCode"} & set(missing)
    fix = (
        "Give the term's labels in the region file: labels = { store_code = ..., term_id = ... }"
        if terms
        else "Have the district's roster carry it, and release the grade again"
    )
    return RowRejected(
        "WB80",
        f"PowerSchool imports no stored grade without {', '.join(missing)}, which this one lacks",
        key=payload.student,
        fix=fix,
        place=payload.item_id,
    )
