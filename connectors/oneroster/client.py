"""A OneRoster client usable alone: rosters and gradebook of a 1.1 or 1.2 server from plain Python.

    settings = OneRosterConnection(
        base_url="https://sis.example/ims/oneroster/v1p1", version="1.1",
        token_url="https://sis.example/token", client_id="…", client_secret="…",
    )
    with OneRosterClient(settings) as client:
        for user in client.all("users"):
            ...
        client.put("results", {"sourcedId": "r1", "status": "active", ...})

Records are the server's own JSON objects. Lists are proven whole before the first record is yielded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import orjson

from connectors.http import Answer, Request
from connectors.oneroster.envelope import record_of
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.settings import GRADEBOOK_SCOPES, ROSTER_SCOPES, OneRosterConnection, address
from domain.errors import ContractBroken, RowRejected
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS

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

    def all(self, collection: str, *, filter: str = "") -> Iterator[dict[str, object]]:
        """Yield every record of a collection (`users`, `students`, `lineItems`, …), read whole first.

        filter: as the standard writes it, e.g. `status='active'`; a server may ignore it, so look at what
        comes. Raises StopDistrict CN05 when the server has no such collection; ContractBroken PG01 to PG06.
        """
        question = Question(
            url=self._address(collection),
            place=f"/{collection}",
            path=collection,
            permission=f"reading {collection}",
            filter=filter,
        )
        return all_records(question, self._lists.read(question))

    def one(self, collection: str, sourced_id: str) -> Record | None:
        """Return one record by its sourcedId, or None when the server does not have it."""
        request = Request("GET", self._address(collection, sourced_id), permission=f"reading {collection}")
        answer = self._client.send(request)
        return record_of(answer.json, _standard(collection)) if answer.code < 300 else None

    def put(self, collection: str, record: Record) -> None:
        """Create or replace one record under its own sourcedId; repeating it changes nothing.

        The standard has this for categories, lineItems, results and, in 1.2, scoreScales. Raises
        RowRejected WB41 when the server refuses the record.
        """
        single, sourced_id = COLLECTIONS[collection].single, str(record["sourcedId"])
        body = orjson.dumps({single: record})
        answer = self._write("PUT", collection, sourced_id, body)
        if answer.code not in (200, 201, 204):
            raise RowRejected(
                "WB41",
                f"The SIS refused this {single} with code {answer.code}",
                key=sourced_id,
                fix="Look whether what it refers to is there and whether it is complete",
                place=f"/{collection}",
            )

    def delete(self, collection: str, sourced_id: str) -> bool:
        """Delete one record; return whether it was there. ContractBroken WB43 when it cannot be deleted."""
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
                permission=f"writing {collection} (scope gradebook.createput or gradebook.delete)",
                mark=f"sis:{method.lower()}-{COLLECTIONS[collection].single}",
            )
        )

    def _address(self, collection: str, *segments: str) -> str:
        service = COLLECTIONS[_standard(collection)].service
        return address(self._settings.root(service), collection, *segments)


def _standard(collection: str) -> str:
    """Return the collection whose records a path serves: `users` for `students`."""
    return SUBSET_COLLECTIONS.get(collection, collection)
