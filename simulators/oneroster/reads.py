"""Answers to GET: lists and single records, in the dialect's manner."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from domain.oneroster import BASE_PATHS, COLLECTIONS, TOTAL_HEADER, Service, Version
from simulators.dataset import Dataset
from simulators.fields import FIELDS, Kind
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind
from simulators.oneroster.filters import parse_filter
from simulators.oneroster.lists import Path, require, select
from simulators.oneroster.problems import status_info, unknown_object
from simulators.oneroster.query import Query, in_order, read_query
from simulators.shapes import Record, to_rest

_REMEMBERED = 32

Answer = tuple[Any, dict[str, str]]
"""A JSON body and its headers."""


class Reader:
    """Reads one data set for clients of one version and dialect."""

    def __init__(self, dataset: Dataset, version: Version, dialect: Dialect, base_url: str) -> None:
        self._dataset, self._version, self._dialect = dataset, version, dialect
        self._base = "" if dialect.hrefs == "relative" else base_url
        self._url = base_url
        self._matched: OrderedDict[tuple[object, ...], tuple[list[Record], int]] = OrderedDict()

    def answer(self, path: Path, given: Mapping[str, str], fault: Fault | None) -> Answer:
        """Return one record or one page; ProblemError for an unknown path, id or parameter."""
        return self._single(path, given) if path.single else self._page(path, given, fault)

    def _page(self, path: Path, given: Mapping[str, str], fault: Fault | None) -> Answer:
        known = self._known(path)
        query = read_query(given, known, self._version, self._dialect)
        matched, every = self._matching(path, query)
        start = _shifted(query.offset, fault)
        rows = matched[start : start + query.limit]
        shown = [self._shown(path.collection, record, query.fields) for record in rows]
        if fault and fault.kind is FaultKind.DOUBLED_ROW:
            shown = shown[:1] + shown
        total = {"matches": len(matched), "all": every, "page": len(shown)}[self._dialect.counted]
        return self._enveloped(path, shown, query), self._headers(path, query, given, total)

    def _single(self, path: Path, given: Mapping[str, str]) -> Answer:
        if path.collection not in FIELDS[self._version] or len(path.names) > 1:
            raise unknown_object("that path")
        record = require(self._dataset, path.names[0], path.ids[0])
        if not self._visible(record):
            raise unknown_object("that id")
        query = read_query(given, self._known(path), self._version, self._dialect)
        shown = self._shown(path.collection, record, query.fields)
        bare = self._dialect.envelope == "bare"
        body: Record = shown if bare else {COLLECTIONS[path.collection].single: shown}
        return self._with_status_info(body, query), {}

    def _known(self, path: Path) -> Mapping[str, object]:
        return FIELDS[self._version].get(path.collection, {})

    def _visible(self, record: Record) -> bool:
        return self._dialect.deleted == "emit" or record["status"] == "active"

    def _matching(self, path: Path, query: Query) -> tuple[list[Record], int]:
        """Filtered and sorted rows, remembered until the data change: every page asks for them again."""
        key = (self._dataset.revision, path, query.filter, query.sort, query.descending)
        if key not in self._matched:
            rows = [row for row in select(self._dataset, path, self._version) if self._visible(row)]
            self._matched[key] = (self._sifted(path.collection, rows, query), len(rows))
            if len(self._matched) > _REMEMBERED:
                self._matched.popitem(last=False)
        return self._matched[key]

    def _sifted(self, collection: str, rows: list[Record], query: Query) -> list[Record]:
        if query.filter:
            wanted = parse_filter(query.filter, FIELDS[self._version][collection])
            rows = [row for row in rows if wanted.matches(to_rest(collection, row, self._version, ""))]
        return in_order(rows, query.sort, query.descending)

    def _shown(self, collection: str, record: Record, fields: Iterable[str]) -> Record:
        shown = to_rest(collection, record, self._version, self._base)
        known = FIELDS[self._version][collection]
        for name, value in shown.items():
            if known[name].kind is Kind.BOOLEAN and self._dialect.booleans != "text":
                shown[name] = value == "true" if self._dialect.booleans == "json" else value.title()
        if self._dialect.nulls != "omit":
            blank = None if self._dialect.nulls == "null" else ""
            shown = dict.fromkeys(known, blank) | shown
        return {name: shown[name] for name in fields if name in shown} if fields else shown

    def _enveloped(self, path: Path, shown: list[Record], query: Query) -> Any:
        if self._dialect.envelope == "bare":
            return shown
        key = path.names[-1] if self._dialect.envelope == "path" else COLLECTIONS[path.collection].envelope
        return self._with_status_info({key: shown}, query)

    def _with_status_info(self, body: Record, query: Query) -> Record:
        said = "a field is not known"
        warnings = [status_info("success", "warning", minor, said) for minor in query.warnings]
        if self._dialect.status_info_on_success and not warnings:
            warnings = [status_info("success", "status", "full success", "as asked")]
        return body | {"statusInfoSet": warnings} if warnings else body

    def _headers(self, path: Path, query: Query, given: Mapping[str, str], total: int) -> dict[str, str]:
        headers = {TOTAL_HEADER: str(total)} if self._dialect.send_total else {}
        if self._dialect.send_link:
            headers["Link"] = self._links(path, query, given, total)
        if self._dialect.revision_header:
            headers[self._dialect.revision_header] = str(self._dataset.revision)
        return headers

    def _links(self, path: Path, query: Query, given: Mapping[str, str], total: int) -> str:
        last = max(total - 1, 0) // query.limit * query.limit
        offsets = {"first": 0, "last": last}
        if query.offset + query.limit < total:
            offsets["next"] = query.offset + query.limit
        if query.offset:
            offsets["prev"] = max(query.offset - query.limit, 0)
        root = f"{self._url}{BASE_PATHS[self._version, service_of(path)]}/{'/'.join(path.segments)}"
        asked = {**given, "limit": str(query.limit)}
        texts = {rel: urlencode({**asked, "offset": at}) for rel, at in offsets.items()}
        return ", ".join(f'<{root}?{text}>; rel="{rel}"' for rel, text in texts.items())


def service_of(path: Path) -> Service:
    """Return the service that serves a path; rostering for a name nobody knows."""
    known = COLLECTIONS.get(path.collection)
    return known.service if known else Service.ROSTERING


def _shifted(offset: int, fault: Fault | None) -> int:
    if fault is None or offset == 0:
        return offset
    if fault.kind is FaultKind.REPEATED_PAGE:
        return 0
    return max(offset + fault.rows, 0) if fault.kind is FaultKind.SHIFTED_PAGE else offset
