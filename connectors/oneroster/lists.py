"""Asking a OneRoster server for lists, as plainly as that server needs it.

`fields`, `sort` and `filter` are asked for first and given up, in this order, by a server that refuses
them; what a list holds beyond the filter is for the caller to leave out. Pages that a server does not
bring about in time are asked for at half their size, down to LEAST_PAGE.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from connectors.garbage import seldom_collected
from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import TooMuchAtOnce, decode_json, not_found
from connectors.oneroster.envelope import ids_of, minor_code, more_told, records_of, total_told
from connectors.paging import read_whole
from connectors.shelf import Shelf, Slice, Whole
from domain.errors import ContractBroken

_GIVEN_UP = ("fields", "sort", "filter")

LEAST_PAGE = 50
"""Pages of this size are not halved any more: what fails then is not their size."""

Watch = Callable[[Mapping[str, str]], None]
"""Looks at the headers of every answer; may raise when they say that the roster moved."""


@dataclass(frozen=True, slots=True)
class Question:
    """One list to read.

    place: how messages name it. path: the collection whose envelope it comes in. may_be_absent: whether
    404 "unknownobject" means an empty list. short: whether it surely fits one page. shaped: whether
    records have what we asked for; if not, they are asked for again without `fields`.
    """

    url: str
    place: str
    path: str
    permission: str
    fields: tuple[str, ...] = ()
    filter: str = ""
    may_be_absent: bool = False
    short: bool = False
    shaped: Callable[[Sequence[object]], bool] | None = None


class _Refused(Exception):
    """The server does not take the question with all its parameters."""


class ListReader:
    """Reads lists whole; remembers for all of them which parameters a server refuses.

    refused: parameters known to be refused from the start. watch: looks at every answer's headers.
    """

    def __init__(
        self,
        client: HttpClient,
        page_size: int,
        in_flight: int,
        *,
        refused: Iterable[str] = (),
        watch: Watch | None = None,
    ) -> None:
        self._client = client
        self._page_size = self._asked_size = page_size
        self._in_flight = in_flight
        self._refused = set(refused)
        self._watch = watch

    @property
    def refused(self) -> frozenset[str]:
        """Return the parameters that the server refused so far."""
        return frozenset(self._refused)

    @property
    def page_size(self) -> int:
        """Return how many records the last list was asked for at once in the end."""
        return self._asked_size

    def read(self, question: Question, first: Answer | None = None, shelf: Shelf | None = None) -> Whole:
        """Return a list read whole; raises what `read_whole` and `HttpClient` raise.

        first: its first answer when there is one already. shelf: where its answers wait, from an earlier
        try too. StopDistrict CN05 when there is no such list, ContractBroken PG06 when the server refuses
        even the plainest question.
        """
        known = [first] if first is not None else []
        self._asked_size = self._page_size
        while True:
            try:
                return read_whole(
                    lambda offsets: self._fetch(question, offsets, known),
                    question.place,
                    shelf=shelf,
                    recall=lambda body: _ids_of(question, body),
                    exact=not self._parameters(question).get("filter"),
                    trusting=question.short,
                )
            except _Refused:
                self._give_up(question)
                if shelf is not None:
                    # Asked in other words, the same list may come in another order.
                    shelf.clear()

    def read_many(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Whole]]:
        """Yield each list read whole, their first answers being asked for side by side."""
        firsts = self._client.get_many((self._request(one, 0) for one in questions), self._in_flight)
        with closing(firsts):
            for question, first in zip(questions, firsts, strict=True):
                yield question, self.read(question, first=first)

    def _give_up(self, question: Question) -> None:
        for name in _GIVEN_UP:
            if name in self._parameters(question):
                self._refused.add(name)
                return
        raise ContractBroken(
            "PG06",
            f"The SIS refuses the plainest question for {question.place}",
            fix="Compare base_url and version with the SIS's documentation; else tell the SIS's host",
            place=question.place,
        )

    def _parameters(self, question: Question) -> dict[str, str]:
        wanted = {"fields": ",".join(question.fields), "sort": "sourcedId", "filter": question.filter}
        return {name: value for name, value in wanted.items() if value and name not in self._refused}

    def _request(self, question: Question, offset: int, *, large: bool = False) -> Request:
        params = {"limit": str(self._asked_size), "offset": str(offset), **self._parameters(question)}
        if "sort" in params:
            params["orderBy"] = "asc"
        return Request("GET", question.url, params, permission=question.permission, large=large)

    def _fetch(
        self, question: Question, offsets: Iterable[int], known: list[Answer]
    ) -> Generator[Slice, None, None]:
        if known:
            offset = next(iter(offsets))
            yield self._slice(question, offset, known.pop())
            return
        asked: dict[int, int] = {}

        def requests() -> Iterator[Request]:
            for number, offset in enumerate(offsets):
                asked[number] = offset
                yield self._request(question, offset, large=self._asked_size > LEAST_PAGE)

        with closing(self._client.get_as_they_come(requests(), self._in_flight)) as answers:
            try:
                for number, answer in answers:
                    yield self._slice(question, asked.pop(number), answer)
            except TooMuchAtOnce:
                if self._asked_size <= LEAST_PAGE:
                    raise
                # Ends early: what did not come is asked for again.
                self._asked_size = max(self._asked_size // 2, LEAST_PAGE)

    def _slice(self, question: Question, offset: int, answer: Answer) -> Slice:
        if self._watch is not None:
            self._watch(answer.headers)
        total = total_told(answer.headers)
        if answer.code == 204 or _is_end(question, offset, answer):
            return Slice(offset, (), total, False, b"")
        if answer.code in (400, 422):
            raise _Refused
        if answer.code >= 300:
            raise not_found(question.url)
        records = records_of(answer.json, question.path, f"{question.place}?offset={offset}")
        if question.shaped and "fields" in self._parameters(question) and not question.shaped(records):
            raise _Refused
        return Slice(offset, ids_of(records), total, more_told(answer.headers), answer.body, records)


def _is_end(question: Question, offset: int, answer: Answer) -> bool:
    """Return whether a 404 says "nothing here (any more)" rather than "no such list"."""
    nothing = answer.code == 404 and minor_code(answer.body) == "unknownobject"
    return nothing and (offset > 0 or question.may_be_absent)


def _ids_of(question: Question, body: bytes) -> Sequence[str | None]:
    records = records_of(decode_json(body, "GET", question.url), question.path, question.place)
    return ids_of(records)


def all_records(question: Question, whole: Whole) -> Iterator[dict[str, object]]:
    """Yield a list's records, decoded slice by slice; what is no object is left out."""
    for kept in whole.slices:
        with seldom_collected():
            answer = decode_json(kept.body, "GET", question.url)
        for record in records_of(answer, question.path, question.place):
            if isinstance(record, dict):
                yield record
