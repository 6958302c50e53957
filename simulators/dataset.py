"""A district's OneRoster data in memory: loaded, changed by plan, and written in any form."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from domain.clock import utc_text
from domain.oneroster import COLLECTIONS, MANIFEST_VERSION, PROPERTY_HEADER, Version, csv_files
from simulators.csvfiles import Row, parse, record_from, render, role_from, role_rows, row_from
from simulators.fields import FIELDS
from simulators.shapes import Record, neutral, to_rest

UNDATED = "2000-01-01T00:00:00.000Z"
"""When a row without dateLastModified is said to have been modified."""


class Dataset:
    """Records by collection path and sourcedId, in a stable order, in the neutral form of `shapes`.

    `revision` grows with every change, so that whoever caches an answer knows when to forget it.
    """

    def __init__(self, collections: dict[str, dict[str, Record]] | None = None) -> None:
        self.collections = {path: dict((collections or {}).get(path, {})) for path in FIELDS[Version.V1P2]}
        self.revision = 0
        self._index: dict[tuple[str, str], dict[str, list[Record]]] = {}

    @classmethod
    def from_zip(cls, data: bytes) -> Dataset:
        """Load a zip of REST answers (all files .json) or of CSV files."""
        files = _unzipped(io.BytesIO(data))
        return cls.from_json(files) if all(name.endswith(".json") for name in files) else cls.from_csv(files)

    @classmethod
    def from_json_zip(cls, path: Path) -> Dataset:
        """Load a zip of REST answers: one `<collection>.json` each, wrapped in its collection's name."""
        return cls.from_json(_unzipped(path))

    @classmethod
    def from_json(cls, files: dict[str, bytes]) -> Dataset:
        """Load loose REST answers; what counts is the key around the records, not the file's name."""
        pages: dict[str, list[Record]] = {}
        for data in files.values():
            pages |= orjson.loads(data)
        types = {org["sourcedId"]: org["type"] for org in pages.get("orgs", [])}
        return cls({path: _by_id(neutral(path, row, types) for row in rows) for path, rows in pages.items()})

    @classmethod
    def from_csv_zip(cls, path: Path) -> Dataset:
        """Load a OneRoster CSV package of either version."""
        return cls.from_csv(_unzipped(path))

    @classmethod
    def from_csv(cls, files: dict[str, bytes]) -> Dataset:
        """Load loose CSV files by file name; a manifest is not needed.

        Of rows with the same sourcedId the last stays; a role of a user who is not there has no place.
        """
        rows = {name.removesuffix(".csv"): parse(data) for name, data in files.items()}
        types = {row["sourcedId"]: row["type"] for row in rows.get("orgs", [])}
        dataset = cls(
            {
                path: _by_id(record_from(path, row, types, UNDATED) for row in rows.get(path, []))
                for path in FIELDS[Version.V1P2]
            }
        )
        for row in rows.get("roles", []):
            user = dataset.get("users", row["userSourcedId"])
            if user is not None:
                user.setdefault("roles", []).append(role_from(row))
        return dataset

    def copy(self) -> Dataset:
        """Return an independent copy: a change replaces a record and never edits it in place."""
        return Dataset(self.collections)

    def get(self, collection: str, sourced_id: str) -> Record | None:
        """Return one record, or None."""
        return self.collections.get(collection, {}).get(sourced_id)

    def records(self, collection: str) -> list[Record]:
        """Return a collection's records in order."""
        return list(self.collections[collection].values())

    def referring(self, collection: str, field: str, sourced_id: str) -> list[Record]:
        """Return the records of a collection whose field (one reference or several) names an id."""
        if (collection, field) not in self._index:
            self._index[collection, field] = _index(self.records(collection), field)
        return self._index[collection, field].get(sourced_id, [])

    def counts(self) -> dict[str, int]:
        """Return the number of records of each collection that has any."""
        return {path: len(rows) for path, rows in self.collections.items() if rows}

    def add(self, collection: str, record: Record, at: datetime) -> None:
        """Add or replace a record (in neutral or either REST shape), modified at a moment."""
        types = {org["sourcedId"]: org["type"] for org in self.records("orgs")}
        kept = {"status": "active", **neutral(collection, record, types), "dateLastModified": utc_text(at)}
        self.collections[collection][kept["sourcedId"]] = kept
        self._changed()

    def change(self, collection: str, sourced_id: str, at: datetime, **fields: Any) -> None:
        """Change fields of a record at a moment; None removes a field. KeyError when there is none."""
        record = self.collections[collection][sourced_id] | fields | {"dateLastModified": utc_text(at)}
        self.collections[collection][sourced_id] = neutral(collection, record)
        self._changed()

    def withdraw(self, collection: str, sourced_id: str, at: datetime) -> None:
        """Mark a record `tobedeleted` at a moment, as a provider that keeps its deletions does."""
        self.change(collection, sourced_id, at, status="tobedeleted")

    def drop(self, collection: str, sourced_id: str) -> None:
        """Let a record vanish without a trace, as many providers do."""
        del self.collections[collection][sourced_id]
        self._changed()

    def _changed(self) -> None:
        self.revision += 1
        self._index.clear()

    def to_rest(self, collection: str, record: Record, version: Version, base_url: str) -> Record:
        """Return a record in a version's REST shape; base_url is what stands above its base paths."""
        return to_rest(collection, record, version, base_url)

    def to_csv(self, file: str, version: Version, *, dated: bool = True) -> bytes:
        """Return one CSV file (`users`, `roles`) of a version.

        dated=False is bulk by the book: status and dateLastModified blank, withdrawn rows left out.
        Most real bulk files are dated.
        """
        rows = self._rows(file, version)
        if not dated:
            rows = [row | {"status": "", "dateLastModified": ""} for row in rows if row["status"] == "active"]
        return render(COLLECTIONS[file].columns[version], rows)

    def _has(self, file: str) -> bool:
        return bool(self.collections.get("users" if file == "roles" else file))

    def _rows(self, file: str, version: Version) -> list[Row]:
        if file == "roles":
            return [row for user in self.records("users") for row in role_rows(user)]
        return [row_from(file, record, version) for record in self.collections.get(file, {}).values()]

    def csv_package(self, version: Version, *, dated: bool = True) -> dict[str, bytes]:
        """Return the files of a bulk package by name: a manifest, and a file for each table with rows."""
        files = [file for file in csv_files(version) if self._has(file)]
        package = {"manifest.csv": manifest(version, files)}
        return package | {f"{file}.csv": self.to_csv(file, version, dated=dated) for file in files}

    def bulk_zip(self, version: Version, *, dated: bool = True) -> bytes:
        """Return a bulk package as a zip; the same data gives the same bytes."""
        return zip_of(self.csv_package(version, dated=dated))


def manifest(version: Version, files: Iterable[str], mode: str = "bulk") -> bytes:
    """Return manifest.csv for a package holding these data files, all the others absent."""
    there = set(files)
    properties = {"manifest.version": MANIFEST_VERSION, "oneroster.version": version.value}
    properties |= {f"file.{file}": mode if file in there else "absent" for file in csv_files(version)}
    header = list(PROPERTY_HEADER)
    return render(header, [dict(zip(header, item, strict=True)) for item in properties.items()])


def zip_of(files: dict[str, bytes]) -> bytes:
    """Return a zip of files at its root whose bytes depend on nothing but their names and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _unzipped(file: Path | io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {record["sourcedId"]: record for record in records}


def _index(records: list[Record], field: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        value = record.get(field, [])
        for item in value if isinstance(value, list) else [value]:
            found[item["sourcedId"]].append(record)
    return found
