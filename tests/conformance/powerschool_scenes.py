"""PowerSchool with the kit's data set behind it, by each way in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Fault, FaultKind
from simulators.oneroster.faults import ON_LISTS
from simulators.powerschool import RunningPowerSchool, Tables
from tests.conformance.canaries import AT, Rows
from tests.conformance.roster_contract import Make, RosterScene
from tests.conformance.roster_scenes import REST_BREAKAGES, record_in_answer, write_files
from tests.support.powerschool import one_roster, our_plugin, power_query, running
from tests.support.powerschool_files import by_files, exported, positional
from tests.support.sftp import PASSWORD, USER, sftp_server

QUERY = "schema/query"

QUERY_BREAKAGES: dict[str, Fault] = {
    "wrong secret": Fault(FaultKind.WRONG_SECRET, times=None),
    "no permission": Fault(FaultKind.STATUS, QUERY, status=403, times=None),
    "not permitted": Fault(FaultKind.STATUS, QUERY, status=401, times=None),
    "not installed": Fault(FaultKind.STATUS, QUERY, status=404, times=None),
    "refused": Fault(FaultKind.STATUS, QUERY, status=400, times=None),
    "asked too often": Fault(FaultKind.STATUS, QUERY, status=429, body="html", times=None),
    "server error": Fault(FaultKind.STATUS, QUERY, status=500, times=None),
    "bad gateway page": Fault(FaultKind.STATUS, QUERY, status=502, body="html", times=None),
    "sign-in page": Fault(FaultKind.HTML, QUERY, times=None),
    "json breaks off": Fault(FaultKind.TRUNCATED, QUERY, times=None),
    "half a body": Fault(FaultKind.HALF_BODY, QUERY, times=None),
    "connection reset": Fault(FaultKind.RESET, QUERY, times=None),
    "no count": Fault(FaultKind.DROPPED_KEYS, f"{QUERY}/count", keys=("count",), times=None),
    "no records": Fault(FaultKind.DROPPED_KEYS, QUERY, keys=("record",), times=None),
    "rows without ids": Fault(FaultKind.DROPPED_KEYS, QUERY, keys=("dcid",), times=None),
    "null rows": Fault(FaultKind.OTHER_VALUES, QUERY, keys=("record",), times=None),
    "a count too large": Fault(
        FaultKind.OTHER_VALUES, f"{QUERY}/count", keys=("count",), value=99, times=None
    ),
    "a count of nothing": Fault(
        FaultKind.OTHER_VALUES, f"{QUERY}/count", keys=("count",), value=0, times=None
    ),
    "a token that never lasts": Fault(FaultKind.EXPIRED_TOKEN, QUERY, times=None),
    "one lost answer": Fault(FaultKind.RESET, QUERY),
}


ONEROSTER_BREAKAGES: dict[str, Fault] = {
    name: replace(fault, path=f"oneroster/{fault.path}" if fault.path else "")
    for name, fault in REST_BREAKAGES.items()
    if fault.kind not in ON_LISTS
}


def by_power_query(**manner: object) -> Make:
    """Return how to make a source by PowerQueries in front of a PowerSchool of a manner."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with running(dataset, **manner) as sis:
            yield _query_scene(sis)

    return make


def _query_scene(sis: RunningPowerSchool) -> RosterScene:
    strikes = {name: _striking(sis, fault) for name, fault in QUERY_BREAKAGES.items()}
    return RosterScene(
        power_query(sis),
        "powerschool",
        state=lambda: (rows_in(sis), sis.writes),
        record_at=record_in_query,
        offer_more=lambda: _answer_more(sis, "org.sisbridge.sis.roster.students"),
        move=lambda: sis.tables.remove("cc", 8000),
        breakages={**strikes, "fields taken away": lambda: _take_away(sis, "cc", "sectionid")},
        secrets=(sis.client_secret,),
        key="dcid",
        truth=lambda: rows_in(sis),
    )


def by_oneroster(**manner: object) -> Make:
    """Return how to make a source by OneRoster in front of a PowerSchool of a manner."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with running(dataset, **manner) as sis:
            strikes = {name: _striking(sis, fault) for name, fault in ONEROSTER_BREAKAGES.items()}
            yield RosterScene(
                one_roster(sis),
                Version.V1P1,
                state=lambda: (sis.dataset.counts(), sis.writes),
                record_at=record_in_answer,
                offer_more=lambda: sis.dataset.change("users", "u1", AT, metadata={"bus": "7"}),
                move=lambda: sis.dataset.drop("enrollments", "e:u1"),
                breakages=strikes,
                secrets=(sis.client_secret,),
            )

    return make


def by_exports(**style: Any) -> Make:
    """Return how to make a source of PowerSchool's exported files, written in a style."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        tables = Tables.from_dataset(dataset)
        files = exported(tables, **style)
        named = {} if style.get("header", True) else {"files": positional(style["delimiter"])}
        with sftp_server(folder) as server:
            drop = server.outgoing(USER)
            write_files(drop, files)
            yield RosterScene(
                by_files(server, **named),
                "powerschool",
                state=lambda: {path.name: path.read_bytes() for path in sorted(drop.iterdir())},
                record_at=partial(_record_in_export, style),
                offer_more=lambda: write_files(drop, files | {"attendance.txt": b"DCID\tATT\r\n1\tX\r\n"}),
                breakages=_export_breakages(drop, files),
                secrets=(PASSWORD,),
                key="dcid" if named else "DCID",
                truth=lambda: rows_of(tables),
            )

    return make


def _record_in_export(style: Mapping[str, Any], landed: Mapping[str, bytes], place: str) -> str:
    file, _, line = place.partition(":")
    data = b"".join(landed[name] for name in sorted(landed) if name.startswith(f"{file}/"))
    lines = data.decode(style.get("encoding", "utf-8-sig")).splitlines(keepends=True)
    rest = io.StringIO("".join(lines[int(line) - 1 :]), newline="")
    return next(csv.reader(rest, delimiter=style.get("delimiter", "\t")))[0]


def _export_breakages(drop: Path, files: dict[str, bytes]) -> dict[str, Callable[[], None]]:
    def students(data: bytes) -> Callable[[], None]:
        return lambda: write_files(drop, files | {"students.txt": data})

    whole = files["students.txt"]
    return {
        "no students": lambda: write_files(drop, {n: d for n, d in files.items() if n != "students.txt"}),
        "students of no bytes": students(b""),
        "binary students": students(b"\x00\x01\x02" * 40),
        "students cut off": students(whole.rstrip()[:-20]),
        "a column too many": students(whole.replace(b"\r\n", b"\t,1\r\n")),
        "nothing there": lambda: write_files(drop, {}),
    }


def rows_in(sis: RunningPowerSchool) -> Rows:
    """Return what a whole roster of a PowerSchool is: every row of the kit's one school year."""
    return rows_of(sis.tables)


def rows_of(held: Tables) -> Rows:
    """Return every row of the tables that a roster is made of."""
    tables = {
        "schools": "schools", "terms": "terms", "courses": "courses", "sections": "sections",
        "students": "students", "staff": "schoolstaff", "cc": "cc",
    }  # fmt: skip
    return {name: sorted((str(row["dcid"]),) for row in held.rows(table)) for name, table in tables.items()}


def _answer_more(sis: RunningPowerSchool, name: str) -> None:
    plugin = sis.installed.plugin
    query = plugin.queries[name]
    columns = (*query.columns, ("STUDENTS.DCID", "students.bus"))
    wider = replace(query, columns=columns, sql=f"SELECT q.*, 7 AS bus FROM ({query.sql}) q")
    sis.installed.plugin = replace(plugin, queries={**plugin.queries, name: wider})


def _take_away(sis: RunningPowerSchool, table: str, field: str) -> None:
    plugin = our_plugin()
    granted = {name: dict(fields) for name, fields in (plugin.access or {}).items()}
    del granted[table][field]
    sis.installed.plugin = replace(plugin, access=granted)


def _striking(sis: RunningPowerSchool, fault: Fault) -> Callable[[], None]:
    return lambda: sis.faults.add(fault)


def record_in_query(landed: Mapping[str, bytes], place: str) -> str:
    """Return the dcid of the record at `/cc?offset=200#3` in the answers that landed."""
    path, _, number = place.rpartition("#")
    table, _, offset = path.removeprefix("/").partition("?offset=")
    (name,) = (one for one in landed if one.startswith(f"{table}/at-{int(offset):09d}."))
    record = orjson.loads(landed[name])["record"][int(number) - 1]
    return str(next(value for key, value in record.items() if key.rpartition(".")[2] == "dcid"))
