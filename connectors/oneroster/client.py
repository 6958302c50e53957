"""A OneRoster client usable alone: servers and CSV packages of 1.1 and 1.2 from plain Python.

    settings = OneRosterConnection(
        base_url="https://sis.example/ims/oneroster/v1p1", version="1.1",
        token_url="https://sis.example/token", client_id="…", client_secret="…",
    )
    with OneRosterClient(settings) as client:
        for user in client.all("users"):
            ...
        client.put("results", {"sourcedId": "r1", "status": "active", ...})
    with OneRosterPackage(Path("roster.zip")) as package:
        for row in package.all("users"):
            ...

Records are the server's own JSON objects, rows those of the files. Lists are proven whole before the
first record is yielded. README.md beside this file shows more, and its examples are run by a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from connectors.garbage import seldom_collected
from connectors.http import Answer, Request
from connectors.http_errors import decode_json
from connectors.oneroster.asking import id_of, reading, single_of, standard, writing
from connectors.oneroster.csv_package import CsvLimits
from connectors.oneroster.csv_pull import local_package, open_package
from connectors.oneroster.discovery import Discovery, discover
from connectors.oneroster.envelope import record_of
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.settings import GRADEBOOK_SCOPES, ROSTER_SCOPES, OneRosterConnection, address
from connectors.protocol import Notice
from domain.clock import system_clock
from domain.errors import ContractBroken, RowRejected, StopDistrict
from domain.model import Mode
from domain.oneroster import COLLECTIONS, Service, Version
from domain.tables import PLACE

__all__ = ["OneRosterClient", "OneRosterConnection", "OneRosterPackage"]

Record = Mapping[str, object]


class OneRosterClient:
    """One server; use it as a context manager or close it. Raises what `connectors.http.HttpClient` does."""

    def __init__(self, settings: OneRosterConnection) -> None:
        """Remember where the server is; nothing is sent yet."""
        self._settings = settings
        self._client = settings.client(settings.authorizer((*ROSTER_SCOPES, *GRADEBOOK_SCOPES)))
        self._lists = ListReader(self._client, settings.page_size, settings.in_flight)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def all(
        self, collection: str, *, filter: str = "", below: tuple[str, ...] = ()
    ) -> Iterator[dict[str, object]]:
        """Yield every record of a collection (`users`, `students`, `lineItems`, …), read whole first.

        filter: as the standard writes it, e.g. `status='active'`; a server may ignore it, so look at what
        comes. below: what stands before the collection in a nested list, e.g. `("classes", "c1")`.
        Raises StopDistrict CN05 when the server has no such list, CF90 when the standard has none;
        ContractBroken PG01 to PG06.
        """
        question = Question(
            url=self._address(collection, below=below),
            place="/" + "/".join((*below, collection)),
            path=collection,
            permission=reading(collection, below),
            filter=filter,
        )
        try:
            with seldom_collected():
                whole = self._lists.read(question)
        except StopDistrict as error:
            raise (_not_below(question.place) if below and error.code == "CN05" else error) from None
        return all_records(question, whole)

    def one(self, collection: str, sourced_id: str) -> Record | None:
        """Return one record by its sourcedId, or None when the server does not have it."""
        request = Request("GET", self._address(collection, sourced_id), permission=reading(collection))
        answer = self._client.send(request)
        return record_of(answer.json, standard(collection)) if answer.code < 300 else None

    def discovery(self, service: Service = Service.ROSTERING) -> Discovery | None:
        """Return what a 1.2 service says of itself, None when it says nothing."""
        return discover(self._client, self._settings.root(service), service)

    def put(self, collection: str, record: Record) -> None:
        """Create or replace one record under its own sourcedId; repeating it changes nothing.

        The standard has this for categories, lineItems, results and, in 1.2, scoreScales,
        assessmentLineItems and assessmentResults (scope assessment.createput, to be named in `scopes`).
        Raises RowRejected WB41 when the server refuses the record, StopDistrict CF91 for another collection.
        """
        single, sourced_id = single_of(collection), id_of(collection, record)
        body = orjson.dumps({single: record})
        answer = self._write("PUT", collection, sourced_id, body)
        if answer.code not in (200, 201, 204):
            raise _refused(collection, sourced_id, answer.code)

    def create(self, collection: str, records: Sequence[Record], below: tuple[str, ...]) -> dict[str, str]:
        """Let a 1.2 server create records under ids of its own; return supplied → allocated sourcedId.

        The standard has this for lineItems below `("classes", id)` or `("schools", id)`, and for results
        below `("lineItems", id)` or `("classes", id, "academicSessions", id)`. It is sent once, as
        repeating it may create things twice; a record that is not in what is returned was not created.
        Some servers want the scope gradebook.createpost, which is not asked for by default: set `scopes`.
        Raises RowRejected WB41 when the server refuses them, StopDistrict CF91 for another collection.
        """
        single_of(collection)
        supplied = [id_of(collection, record) for record in records]
        if not supplied:
            return {}
        url = self._address(collection, below=below)
        body = orjson.dumps({COLLECTIONS[collection].envelope: list(records)})
        wanted = f"creating {collection} (scope gradebook.createpost)"
        answer = self._client.send(Request("POST", url, body=body, permission=wanted, retry=False))
        if answer.code not in (200, 201):
            raise _refused(collection, supplied[0], answer.code)
        return _pairs(decode_json(answer.body, "POST", url))

    def delete(self, collection: str, sourced_id: str) -> bool:
        """Delete one record; return whether it was there.

        Raises ContractBroken WB43 when the server keeps it, StopDistrict CF91 for what cannot be written.
        """
        answer = self._write("DELETE", collection, sourced_id, None)
        if answer.code not in (200, 204, 404):
            raise ContractBroken(
                "WB43",
                f"The SIS did not delete this record (code {answer.code})",
                fix="Delete it in the SIS by hand",
                place=f"/{collection}/{sourced_id}",
            )
        return answer.code != 404

    def _write(self, method: str, collection: str, sourced_id: str, body: bytes | None) -> Answer:
        return self._client.send(
            Request(
                method,
                self._address(collection, sourced_id),
                body=body,
                permission=writing(collection),
                mark=f"sis:{method.lower()}-{single_of(collection)}",
            )
        )

    def _address(self, collection: str, *segments: str, below: tuple[str, ...] = ()) -> str:
        service = COLLECTIONS[standard(collection)].service
        return address(self._settings.root(service), *below, collection, *segments)


def _not_below(place: str) -> StopDistrict:
    return StopDistrict(
        "CN05",
        "The server has no such list below this record",
        fix="Look whether the record is there, and whether this version has such a list",
        place=place,
    )


def _refused(collection: str, sourced_id: str, code: int) -> RowRejected:
    return RowRejected(
        "WB41",
        f"The SIS refused this {COLLECTIONS[collection].single} with code {code}",
        key=sourced_id,
        fix="Look whether what it refers to is there and whether it is complete",
        place=f"/{collection}",
    )


def _pairs(answer: object) -> dict[str, str]:
    """Return supplied → allocated id; one pair alone instead of a list of them is met in the field."""
    told = answer.get("sourcedIdPairs") if isinstance(answer, dict) else None
    pairs = [told] if isinstance(told, dict) else told if isinstance(told, list) else []
    return {
        str(pair["suppliedSourcedId"]): str(pair["allocatedSourcedId"])
        for pair in pairs
        if isinstance(pair, dict) and {"suppliedSourcedId", "allocatedSourcedId"} <= pair.keys()
    }


class OneRosterPackage:
    """The roster files of a CSV package, zip or folder; use it as a context manager or close it.

    Raises StopDistrict FL04 when nothing is there, and what `connectors.oneroster.csv_pull.CsvPull` does
    for a package that cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """Read the package into a private folder and judge its manifest and headers."""
        self._pull = open_package(
            lambda folder: local_package(_there(path), folder, CsvLimits()), None, system_clock()
        )

    def __enter__(self) -> Self:
        """Return the package itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the package."""
        self.close()

    def close(self) -> None:
        """Let go of the copy."""
        self._pull.close()

    @property
    def version(self) -> Version:
        """Return the version the package is in; 1.0 counts as 1.1."""
        return Version(self._pull.facts.version)

    @property
    def mode(self) -> Mode:
        """Return bulk, or delta as soon as one file is."""
        return self._pull.facts.mode

    @property
    def collections(self) -> tuple[str, ...]:
        """Return the roster files there, without `.csv`, in an order in which references lead back."""
        return self._pull.facts.source_tables

    def all(self, collection: str) -> Iterator[dict[str, str | None]]:
        """Yield every whole row of a file, its columns under the standard's names, empty cells as None.

        Raises StopDistrict CF90 for what is not among `collections`.
        """
        if collection not in self.collections:
            raise StopDistrict(
                "CF90",
                f"This package has no roster file of the name {collection!r}",
                fix=f"Use one of: {', '.join(self.collections)}",
                place=collection,
            )
        for page in self._pull.pages(collection):
            for row in page.batch.to_pylist():
                del row[PLACE]
                yield row

    def notices(self) -> tuple[Notice, ...]:
        """Return what was noticed without stopping, rows left out among it; complete once all was read."""
        return tuple(self._pull.notices())


def _there(path: Path) -> Path:
    if path.exists():
        return path
    raise StopDistrict(
        "FL04",
        "No file received: there is nothing at this path",
        fix="Give a zip or a folder",
        place=path.name,
    )
