"""The house's own sources, each with the kit's data set behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from connectors.flat.layout import FileLayout, FlatLayout
from connectors.flat.settings import FlatSettings
from connectors.flat.source import FlatFilesSource
from connectors.oneroster.csv import OneRosterCsvSettings, OneRosterCsvSource
from connectors.oneroster.csv_package import ROSTER_FILES
from connectors.oneroster.rest import OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from connectors.protocol import RosterSource
from connectors.sftp.source import SftpRosterSettings, SftpRosterSource
from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset, manifest, zip_of
from simulators.oneroster import Dialect, Fault, FaultKind, RunningProvider
from tests.conformance.canaries import AT
from tests.conformance.roster_contract import Make, RosterScene
from tests.support.sftp import PASSWORD, reach, sftp_server

NORTH = DistrictCode("north")

SKIPS_A_ROW = "rows that shift forward"

REST_BREAKAGES: dict[str, Fault] = {
    "wrong secret": Fault(FaultKind.WRONG_SECRET, times=None),
    "no permission": Fault(FaultKind.STATUS, "users", status=403, times=None),
    "nothing there": Fault(FaultKind.STATUS, "classes", status=404, times=None),
    "asked too often": Fault(FaultKind.STATUS, "users", status=429, body="html", times=None),
    "server error": Fault(FaultKind.STATUS, "enrollments", status=500, times=None),
    "bad gateway page": Fault(FaultKind.STATUS, "orgs", status=502, body="html", times=None),
    "sign-in page": Fault(FaultKind.HTML, "users", times=None),
    "json breaks off": Fault(FaultKind.TRUNCATED, "users", times=None),
    "half a body": Fault(FaultKind.HALF_BODY, "enrollments", times=None),
    "connection reset": Fault(FaultKind.RESET, "users", times=None),
    "connection closed": Fault(FaultKind.CLOSED, "courses", times=None),
    "no envelope": Fault(FaultKind.NO_ENVELOPE, "classes", times=None),
    "rows without ids": Fault(FaultKind.DROPPED_KEYS, "users", keys=("sourcedId",), times=None),
    "a null list": Fault(FaultKind.OTHER_VALUES, "users", keys=("users",), times=None),
    "a total too large": Fault(
        FaultKind.OTHER_VALUES, "enrollments", keys=("X-Total-Count",), value="99", times=None
    ),
    "a total of nothing": Fault(
        FaultKind.OTHER_VALUES, "users", keys=("X-Total-Count",), value="0", times=None
    ),
    "one page for ever": Fault(FaultKind.REPEATED_PAGE, "enrollments", times=None),
    SKIPS_A_ROW: Fault(FaultKind.SHIFTED_PAGE, "enrollments", times=None, rows=1),
    "rows that shift back": Fault(FaultKind.SHIFTED_PAGE, "enrollments", times=None, rows=-1),
    "a doubled row": Fault(FaultKind.DOUBLED_ROW, "users", times=None),
    "a token that never lasts": Fault(FaultKind.EXPIRED_TOKEN, "users", times=None),
    "one lost answer": Fault(FaultKind.RESET, "users"),
}


def rest(version: Version, *, page_size: int = 100, dialect: Dialect | None = None) -> Make:
    """Return how to make a REST source in front of a provider of a version and dialect."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with RunningProvider(dataset, version, dialect=dialect, clock=FixedClock(AT)) as provider:
            yield _rest_scene(provider, page_size)

    return make


def _rest_scene(provider: RunningProvider, page_size: int) -> RosterScene:
    values = {
        "base_url": provider.rostering_url, "version": provider.version, "token_url": provider.token_url,
        "client_id": provider.client_id, "client_secret": provider.client_secret, "page_size": page_size,
        "first_wait": 0.01, "attempts": 2, "patience": 2, "read_timeout": 2,
    }  # fmt: skip
    source = OneRosterRestSource(NORTH, OneRosterRestSettings.model_validate(values), clock=FixedClock(AT))
    told = provider.dialect.send_total and provider.dialect.counted == "matches"
    # A row skipped between two pages is invisible when the server tells no total: absence needs two nights.
    faults = {name: fault for name, fault in REST_BREAKAGES.items() if told or name != SKIPS_A_ROW}
    return RosterScene(
        source,
        provider.version,
        state=lambda: (provider.dataset.counts(), provider.writes),
        record_at=record_in_answer,
        offer_more=lambda: with_metadata(provider.dataset),
        move=(lambda: provider.dataset.drop("enrollments", "e:u1")) if told else None,
        breakages={name: striking(provider, fault) for name, fault in faults.items()},
        secrets=(provider.client_secret,),
    )


def with_metadata(dataset: Dataset) -> None:
    for user in dataset.records("users"):
        dataset.change("users", user["sourcedId"], AT, metadata={"bus": "7", "nested": {"deep": [1, 2]}})


def striking(provider: RunningProvider, fault: Fault) -> Callable[[], None]:
    return lambda: provider.faults.add(fault)


def record_in_answer(landed: Mapping[str, bytes], place: str) -> str:
    """Return the id of the record at `/users?offset=200#3` in the answers that landed."""
    path, _, number = place.rpartition("#")
    table, _, offset = path.removeprefix("/").partition("?offset=")
    start = 0
    for name in sorted(one for one in landed if one.startswith(f"{table}/")):
        records = next(value for value in orjson.loads(landed[name]).values() if isinstance(value, list))
        if start == int(offset):
            return str(records[int(number) - 1]["sourcedId"])
        start += len(records)
    raise AssertionError(f"nothing landed that begins at {place}")


def record_in_file(landed: Mapping[str, bytes], place: str) -> str:
    """Return the first cell of the record that begins at `users.csv:12` in the files that landed."""
    file, _, line = place.partition(":")
    data = b"".join(landed[name] for name in sorted(landed) if name.startswith(f"{file}/"))
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    return next(csv.reader(io.StringIO("".join(lines[int(line) - 1 :]), newline="")))[0]


Breaking = Callable[[dict[str, bytes]], dict[str, bytes]]

FILE_BREAKAGES: dict[str, Breaking] = {
    "no users": lambda files: {name: data for name, data in files.items() if name != "users.csv"},
    "users without ids": lambda files: _with(files, files["users.csv"].replace(b"sourcedId", b"id", 1)),
    "users of no bytes": lambda files: _with(files, b""),
    "a header alone": lambda files: _with(files, files["users.csv"].splitlines(keepends=True)[0]),
    "binary users": lambda files: _with(files, b"\x00\x01\x02" * 40),
    "users cut off": lambda files: _with(files, files["users.csv"].rstrip()[:-60]),
    "a stray quote": lambda files: _with(files, files["users.csv"].replace(b"Quill", b'"Quill', 1)),
    "an unknown version": lambda files: files | {"manifest.csv": b"key,value\noneroster.version,7\n"},
    "windows bytes": lambda files: _with(files, files["users.csv"].replace(b"Zanz", b"Z\xe9nz")),
    "a mark at the front": lambda files: _with(files, b"\xef\xbb\xbf" + files["users.csv"]),
    "one short row": lambda files: _with(files, files["users.csv"] + b"u99,x\r\n"),
}


def _with(files: dict[str, bytes], users: bytes) -> dict[str, bytes]:
    return files | {"users.csv": users}


def _with_widgets(files: dict[str, bytes]) -> dict[str, bytes]:
    users = files["users.csv"].replace(b"\r\n", b",7\r\n").replace(b",7\r\n", b",bus\r\n", 1)
    declared = files["manifest.csv"] + b"file.widgets,bulk\r\n"
    widgets = b"sourcedId,size\r\nw1,7\r\n"
    return files | {"users.csv": users, "manifest.csv": declared, "widgets.csv": widgets}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put loose files into a folder, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def write_zip(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put one zip of the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roster.zip").write_bytes(zip_of(dict(files)))


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _file_scene(
    source: RosterSource,
    version: Version,
    folder: Path,
    files: dict[str, bytes],
    write: Callable[[Path, Mapping[str, bytes]], None],
) -> RosterScene:
    def breaking(change: Breaking) -> Callable[[], None]:
        return lambda: write(folder, change(files))

    def half() -> None:
        write(folder, files)
        for path in folder.glob("*.zip"):
            path.write_bytes(path.read_bytes()[:-200])

    def gone() -> None:
        for path in folder.iterdir():
            path.unlink()

    def export(dataset: Dataset, since: datetime) -> None:
        write(folder, delta_package(dataset, version, since))

    write(folder, files)
    changes = {name: breaking(change) for name, change in FILE_BREAKAGES.items()}
    return RosterScene(
        source,
        version,
        state=lambda: tree(folder),
        record_at=record_in_file,
        offer_more=lambda: write(folder, _with_widgets(files)),
        breakages={**changes, "half a zip": half, "nothing there": gone},
        secrets=(PASSWORD,),
        export=export,
    )


def delta_package(dataset: Dataset, version: Version, since: datetime) -> dict[str, bytes]:
    """Return the files of a delta package: the rows changed since a moment, the other files absent."""
    changed = Dataset({
        collection: {
            key: record for key, record in records.items()
            if datetime.fromisoformat(record["dateLastModified"]) >= since
        }
        for collection, records in dataset.collections.items()
    })  # fmt: skip
    files = {name: data for name, data in changed.csv_package(version).items() if name != "manifest.csv"}
    stems = [name.removesuffix(".csv") for name in files]
    return {"manifest.csv": manifest(version, stems, "delta"), **files}


def package(version: Version, *, zipped: bool) -> Make:
    """Return how to make a source of a package on this machine."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        drop = folder / "drop"
        path = drop / "roster.zip" if zipped else drop
        source = OneRosterCsvSource(NORTH, OneRosterCsvSettings(path=path), clock=FixedClock(AT))
        yield _file_scene(
            source, version, drop, dataset.csv_package(version), write_zip if zipped else write_files
        )

    return make


def dropped(version: Version, *, zipped: bool) -> Make:
    """Return how to make a source of a package on an SFTP server."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        files = dataset.csv_package(version)
        with sftp_server(folder) as server:
            values = {**reach(server), "settle_seconds": 0, "stale_after_hours": None}
            values |= {} if zipped else {"loose_files": tuple(files)}
            source = SftpRosterSource(NORTH, SftpRosterSettings.model_validate(values), clock=FixedClock(AT))
            drop = server.outgoing("maple")
            yield _file_scene(source, version, drop, files, write_zip if zipped else write_files)

    return make


def flat(version: Version) -> Make:
    """Return how to make a source of delimited files, laid out as a package would be, on an SFTP server."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        files = dataset.csv_package(version)
        tables = [name.removesuffix(".csv") for name in files if name != "manifest.csv"]
        layouts = {
            table: FileLayout(name=f"{table}.csv", required=("sourcedId",), key="sourcedId")
            for table in ROSTER_FILES
            if table in tables
        }
        with sftp_server(folder) as server:
            settings = FlatSettings.model_validate(
                {**reach(server), "settle_seconds": 0, "stale_after_hours": None}
            )
            layout = FlatLayout(version.value, layouts)
            source = FlatFilesSource(NORTH, settings, layout, clock=FixedClock(AT))
            yield _file_scene(source, version, server.outgoing("maple"), files, write_files)

    return make
