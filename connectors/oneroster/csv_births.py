"""The birth dates of a CSV package: demographics.csv, landed and judged when it is read, after the roster.

What is wrong with the file as a whole is an error of its own, which whoever reads it may go on without.
Source: OneRoster CSV binding 1.1.1 and 1.2.1; 1.0 called the key userSourcedId and the column birthdate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from connectors.delimited.encoding import Encoding, EncodingScan, as_utf8
from connectors.delimited.header import Header, not_utf8, pieces, refuse_missing
from connectors.delimited.keeping import keep
from connectors.delimited.paged import file_pages
from connectors.delimited.reader import TableReader
from connectors.demographics import BIRTH_FIELDS, DEMOGRAPHICS, of_births
from connectors.oneroster.csv_header import read_header
from connectors.protocol import Landing, Notice, Page
from domain.oneroster import COLLECTIONS, Version
from domain.tables import PLACE

_FILE = f"{DEMOGRAPHICS}.csv"
_KEY, _OLD_KEY, _BIRTH = "sourcedId", "userSourcedId", "birthDate"
_KNOWN = (*COLLECTIONS[DEMOGRAPHICS].columns[Version.V1P2], _OLD_KEY)


class CsvBirths:
    """demographics.csv of one package, of which only the columns of a birth date are handed on."""

    def __init__(self, path: Path, landing: Landing, note: Callable[[Notice], None]) -> None:
        """Remember where the file lies; nothing is read yet. note: called with each notice as it arises."""
        self._path = path
        self._landing = landing
        self._note = note

    def pages(self) -> Iterator[Page]:
        """Yield the file's pages, at least one; no row of it holds a student.

        Raises StopDistrict FL10 to FL13 as `csv_header.read_header`, and as `keep` does.
        """
        landed = keep(_FILE, pieces(self._path), self._landing, EncodingScan(_FILE))
        if landed.encoding is not Encoding.UTF8:
            self._note(not_utf8(_FILE, landed.encoding))
        text = as_utf8(landed.pieces(), landed.encoding)
        header, lines = read_header(text, _FILE, known=_KNOWN, needed=(_BIRTH,))
        key = _OLD_KEY if _OLD_KEY in header.names and _KEY not in header.names else _KEY
        refuse_missing(header.names, (key,), _FILE)
        for notice in header.notices:
            self._note(notice)
        reader = TableReader(_FILE, header, lines, lambda one: self._note(of_births(one)), key)
        only = Header(BIRTH_FIELDS, header.delimiter, header.line)
        yield from file_pages(DEMOGRAPHICS, only, (_only_births(one, key) for one in reader.batches()))


def _only_births(batch: pa.RecordBatch, key: str) -> pa.RecordBatch:
    """Return the columns of a birth date under the names that 1.1 gave them, those that lack as null."""
    nothing = pa.nulls(batch.num_rows, pa.string())
    given = dict(zip(batch.schema.names, batch.columns, strict=True))
    given[_KEY] = given[key]
    return pa.record_batch({name: given.get(name, nothing) for name in (*BIRTH_FIELDS, PLACE)})
