"""The files that a vendor's SIS exports, filled from the kit's data set, as a source for the kit."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.protocol import RosterSource
from domain.clock import FixedClock
from domain.tables import PLACE
from mappings.drift import drift
from mappings.maps import maps_for
from mappings.normalize import normalize
from simulators.dataset import Dataset
from tests.conformance.canaries import AT, FAMILY, Rows, roster
from tests.conformance.roster_contract import Make, RosterScene
from tests.conformance.roster_scenes import NORTH, record_in_file, tree, write_files
from tests.support.sftp import PASSWORD, reach, sftp_server

KEY = "ID"
"""The first column of every file, in which rows have their key."""


@dataclass(frozen=True)
class Exported:
    """One exported file: table (and file name), the collection it is filled from, its columns by where
    their values stand in a record (`school.sourcedId`), and of users the role wanted.
    """

    table: str
    collection: str
    columns: Mapping[str, str]
    role: str = ""

    def rows(self, dataset: Dataset) -> Iterator[dict[str, str]]:
        """Yield the file's rows: the key, the status, then its columns."""
        for record in dataset.records(self.collection):
            if not self.role or any(one["role"] == self.role for one in record["roles"]):
                own = {header: _value(record, path.split(".")) for header, path in self.columns.items()}
                yield {KEY: str(record["sourcedId"]), "Status": str(record.get("status", "")), **own}


Export = Sequence[Exported]


def _value(found: Any, path: list[str]) -> str:
    if isinstance(found, list):
        return ",".join(_value(one, path) for one in found)
    if not path or found is None:
        return "" if found is None else str(found)
    return _value(found.get(path[0]), path[1:])


def export_files(dataset: Dataset, export: Export) -> dict[str, bytes]:
    """Return the files of an export by name."""
    return {f"{one.table}.csv": _csv(list(one.rows(dataset))) for one in export}


def _csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def by_export(
    dialect: str,
    source: Callable[..., RosterSource],
    settings: Callable[..., object],
    export: Export,
) -> Make:
    """Return how to make a source that reads an export from an SFTP server."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with sftp_server(folder) as server:
            chosen = settings(**reach(server), settle_seconds=0, stale_after_hours=None)
            drop = server.outgoing("maple")
            files = export_files(dataset, export)
            write_files(drop, files)
            yield RosterScene(
                source(NORTH, chosen, clock=FixedClock(AT)),
                dialect,
                state=lambda: tree(drop),
                record_at=record_in_file,
                offer_more=lambda: write_files(drop, {**files, "widgets.csv": b"ID,size\r\nw1,7\r\n"}),
                breakages=_breakages(drop, files),
                secrets=(PASSWORD,),
                key=KEY,
                truth=lambda: _truth(dataset, export),
            )

    return make


def _truth(dataset: Dataset, export: Export) -> Rows:
    return {one.table: sorted((row[KEY],) for row in one.rows(dataset)) for one in export}


def _breakages(drop: Path, files: dict[str, bytes]) -> dict[str, Callable[[], None]]:
    """Return what may happen to the file of students."""
    name = "students.csv"
    data = files[name]
    changed = {
        "no bytes": b"",
        "a header alone": data.splitlines(keepends=True)[0],
        "binary": b"\x00\x01\x02" * 40,
        "cut off": data.rstrip()[:-40],
        "a stray quote": data.replace(FAMILY.encode(), b'"' + FAMILY.encode(), 1),
        "no key": data.replace(KEY.encode(), b"Number", 1),
        "windows bytes": data.replace(FAMILY.encode(), b"Qu\xe9"),
        "a mark at the front": b"\xef\xbb\xbf" + data,
        "one short row": data + b"u99,x\r\n",
    }
    missing = {one: content for one, content in files.items() if one != name}
    return {
        "no students": lambda: write_files(drop, missing),
        "nothing there": lambda: write_files(drop, {}),
        **{why: _written(drop, {**files, name: content}) for why, content in changed.items()},
    }


def _written(drop: Path, files: dict[str, bytes]) -> Callable[[], None]:
    return lambda: write_files(drop, files)


def maps_cleanly(dialect: str, export: Export) -> None:
    """Assert that a dialect knows every table and column of an export, and that no row loses its key."""
    maps = maps_for(dialect)
    for one in export:
        rows = list(one.rows(roster()))
        batch = pa.RecordBatch.from_pylist([{**row, PLACE: f"{one.table}:2"} for row in rows])
        assert drift(maps, one.table, batch.schema.names) == []
        made = normalize(maps, one.table, batch)
        assert made, one.table
        assert all(part.batch.column("sourced_id").null_count == 0 for part in made)
        assert made[0].batch.num_rows == len(rows)
