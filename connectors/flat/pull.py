"""One pull of delimited files that were copied: landed whole, judged file by file, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.delimited.blocks import Lines
from connectors.delimited.encoding import Encoding, EncodingScan, as_utf8
from connectors.delimited.header import Header, has_row, no_data, not_utf8, pieces
from connectors.delimited.keeping import LandedFile, keep
from connectors.delimited.paged import file_pages
from connectors.delimited.reader import TableReader
from connectors.flat.header import read_flat_header
from connectors.flat.layout import FileLayout, FlatLayout
from connectors.protocol import Landing, Notice, Page, PullFacts
from connectors.same_export import together
from domain.errors import StopDistrict
from domain.model import Mode
from domain.tables import PLACE

_CHOSEN = {
    "auto": None,
    "utf-8": Encoding.UTF8,
    "utf-16": Encoding.UTF16,
    "cp1252": Encoding.CP1252,
    "mac-roman": Encoding.MAC_ROMAN,
}


@dataclass(frozen=True, slots=True)
class _File:
    """One file that was landed: its name, the copy, how it is laid out and encoded."""

    name: str
    path: Path
    layout: FileLayout
    encoding: Encoding

    def text(self) -> Iterable[bytes]:
        """Yield its text as UTF-8."""
        return as_utf8(pieces(self.path), self.encoding)


class FlatPull:
    """One pull of copied files; implements `connectors.protocol.Pull`.

    Everything that can be said of a file as a whole is said when the pull is made: StopDistrict FL10 to
    FL14 as `read_flat_header` names them, FL11 for a file that has columns and no row.
    """

    def __init__(
        self,
        layout: FlatLayout,
        copies: Mapping[str, Path],
        landing: Landing,
        as_of: datetime,
        *,
        notices: Iterable[Notice] = (),
        release: Callable[[], None] | None = None,
    ) -> None:
        """Land every byte, then judge the headers.

        copies: source table → the copied file, one may serve two. release: lets go of the copies.
        """
        self._layout = layout
        self._release = release
        self._notices: dict[Notice, None] = dict.fromkeys(notices)
        landed = _land(layout, copies, landing)
        self._files = {
            table: _File(path.name, path, layout.files[table], landed[path.name].encoding)
            for table, path in copies.items()
        }
        empty = {table for table, file in self._files.items() if self._is_empty(table, file)}
        self._facts = PullFacts(
            mode=Mode.BULK,
            version=layout.dialect,
            source_tables=tuple(table for table in layout.files if table in copies and table not in empty),
            as_of=as_of,
            absent=tuple(table for table in layout.files if table not in copies or table in empty),
            export=together({name: one.sha256 for name, one in landed.items()}),
        )

    @property
    def facts(self) -> PullFacts:
        """Return dialect and tables; an export is always the whole, and an optional file may be absent."""
        return self._facts

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield a file's pages, at least one; the same every time."""
        file = self._files[source_table]
        header, lines = self._header(file)
        key = next((name for name in header.names if name.casefold() == file.layout.key.casefold()), "")
        reader = TableReader(file.name, header, lines, lambda one: self._note(source_table, one), key)
        yield from file_pages(source_table, header, self._batches(reader))

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed so far, each once, in the order it was met."""
        return tuple(self._notices)

    def close(self) -> None:
        """Let go of the copies; they cannot move while they are read, so nothing is verified."""
        if self._release:
            self._release()

    def _note(self, source_table: str, notice: Notice) -> None:
        self._notices[replace(notice, source_table=source_table)] = None

    def _header(self, file: _File) -> tuple[Header, Lines]:
        return read_flat_header(file.text, file.name, file.layout, self._layout.header_name)

    def _is_empty(self, table: str, file: _File) -> bool:
        """Judge a file's header, and return whether it is an optional one without a row."""
        try:
            header, lines = self._header(file)
            if not has_row(lines):
                raise no_data(file.name)
        except StopDistrict as error:
            if error.code == "FL11" and file.layout.optional:
                return True
            raise
        expected = _CHOSEN[file.layout.encoding]
        odd = expected is None and file.encoding is not Encoding.UTF8
        for notice in (*header.notices, *((not_utf8(file.name, file.encoding),) if odd else ())):
            self._note(table, notice)
        return False

    def _batches(self, reader: TableReader) -> Iterator[pa.RecordBatch]:
        nulls = pa.array(sorted(text.casefold() for text in self._layout.nulls), pa.string())
        return (_emptied(batch, nulls) for batch in reader.batches())


def _land(layout: FlatLayout, copies: Mapping[str, Path], landing: Landing) -> dict[str, LandedFile]:
    """Land every file once, whole, and return what was found of each by its name."""
    found: dict[str, LandedFile] = {}
    for table, path in copies.items():
        if path.name in found:
            continue
        scan = EncodingScan(path.name, _CHOSEN[layout.files[table].encoding])
        found[path.name] = keep(path.name, pieces(path), landing, scan)
    return found


def _emptied(batch: pa.RecordBatch, nulls: pa.StringArray) -> pa.RecordBatch:
    """Return a batch with cells that stand for nothing as nulls; places stay."""
    if not len(nulls):
        return batch
    columns = [
        column
        if name == PLACE
        else pc.if_else(
            pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(column)), value_set=nulls),
            pa.scalar(None, pa.string()),
            column,
        )
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
