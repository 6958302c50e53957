"""Judging the rows of a CSV file: values, rules between columns, references.

Source: OneRoster CSV bindings 1.1.1 and 1.2.1.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.oneroster.conformance import Deviations
from connectors.oneroster.conformance_fields import Field, file_fields
from connectors.oneroster.conformance_references import References
from connectors.oneroster.conformance_rules import Rules
from connectors.oneroster.conformance_values import LISTS, cell_faults, cell_items, text_fault
from domain.oneroster import Version

_STAMPS = ("status", "dateLastModified")


class RowJudge:
    """Judges one file row by row; `cells` come in the order of the header given."""

    def __init__(
        self,
        file: str,
        header: Sequence[str],
        delta: bool,
        version: Version,
        found: Deviations,
        refs: References,
    ) -> None:
        """Look up what each column holds; columns the standard does not know are passed over."""
        self._file, self._where, self._delta, self._version = file, f"{file}.csv", delta, version
        self._found, self._refs = found, refs
        self._rules = Rules(file, self._where, found, refs)
        fields = file_fields(file, version)
        self._columns = [(index, fields[name]) for index, name in enumerate(header) if name in fields]
        self._passwords = 0

    def judge(self, number: int, cells: Sequence[str]) -> None:
        """Judge one row; number is its line."""
        row: dict[str, str] = {}
        for index, column in self._columns:
            cell = cells[index]
            if not cell.strip():
                if column.needed:
                    self._add("OR-V01", number, column.name)
                continue
            elif column.kind == "password":
                self._passwords += 1
            else:
                self._value(column, cell, number)
            row[column.name] = cell
        if "sourcedId" in row:
            self._refs.take(self._file, row["sourcedId"], number)
        self._stamps(number, row)
        if not self._delta:
            # Blank by the standard: what stands there all the same is one fault, and says nothing more.
            row.pop("dateLastModified", None)
        self._rules.row(number, row)

    def end(self) -> None:
        """Report what is known only when every row was seen."""
        if self._passwords:
            self._found.add("OR-V24", self._where, column="password", rows=self._passwords)
        self._rules.end()

    def _stamps(self, number: int, row: dict[str, str]) -> None:
        wrong = [name for name in _STAMPS if (name in row) != self._delta]
        if wrong:
            self._add("OR-F25" if self._delta else "OR-F24", number, "/".join(wrong))

    def _value(self, column: Field, cell: str, number: int) -> None:
        if column.kind not in LISTS:
            self._fault(column, cell, number)
            if column.kind == "ref":
                self._refs.refer(self._where, column.name, column.about, cell, number)
            return
        for code in cell_faults(cell):
            self._add(code, number, column.name)
        for item in cell_items(cell):
            self._fault(column, item, number)
            if column.kind == "refs":
                self._refs.refer(self._where, column.name, column.about, item, number)

    def _fault(self, column: Field, text: str, number: int) -> None:
        code = text_fault(column.kind, column.about, self._version, text)
        if code:
            self._add(code, number, column.name, text)

    def _add(self, code: str, number: int, column: str, sample: str = "") -> None:
        self._found.add(code, self._where, number, column=column, sample=sample)
