"""Faults that strike chosen requests a chosen number of times, set while the provider runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    HTML = "html"
    TRUNCATED = "truncated"
    HALF_BODY = "half body"
    RESET = "reset"
    CLOSED = "closed"
    LOST_ANSWER = "lost answer"
    SLOW = "slow"
    EXPIRED_TOKEN = "expired token"
    WRONG_SECRET = "wrong secret"
    NO_ENVELOPE = "no envelope"
    DROPPED_KEYS = "dropped keys"
    OTHER_VALUES = "other values"
    REPEATED_PAGE = "repeated page"
    SHIFTED_PAGE = "shifted page"
    DOUBLED_ROW = "doubled row"


ON_LISTS = frozenset(
    {FaultKind.REPEATED_PAGE, FaultKind.SHIFTED_PAGE, FaultKind.DOUBLED_ROW, FaultKind.NO_ENVELOPE}
)
TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and the requests it strikes.

    kind: STATUS answers `status` (with `retry_after` as it stands, and a `body` in the standard's form,
    of HTML or empty) and does nothing; HTML is a login page with 200; TRUNCATED is a complete answer
    whose JSON breaks off; HALF_BODY closes the connection within the body; RESET and CLOSED end the
    connection before anything is done, LOST_ANSWER after it was done (aiohttp's client quietly asks
    once more when that happens: strike twice to be noticed); SLOW waits `seconds` first;
    EXPIRED_TOKEN is a 401 that revokes the token; WRONG_SECRET refuses at the token endpoint;
    NO_ENVELOPE sends `{}`; DROPPED_KEYS leaves `keys` out of every record; OTHER_VALUES sends `value`
    under each of `keys` wherever it stands, in the body or as a header; REPEATED_PAGE ignores the offset;
    SHIFTED_PAGE starts `rows` later (earlier when negative) beyond the first page, as when rows came or
    went meanwhile; DOUBLED_ROW sends the page's first row twice.
    path: the request's shape, ids as `*`: "users", "classes/*/lineItems", "results/*", "token"; "" is
    any but the token endpoint. method: "" is any. after: lets so many matching requests pass first.
    times: strikes so often; None is for ever.
    """

    kind: FaultKind
    path: str = ""
    method: str = ""
    after: int = 0
    times: int | None = 1
    status: int = 500
    retry_after: str = ""
    body: Literal["standard", "html", "empty"] = "standard"
    seconds: float = 0.0
    keys: tuple[str, ...] = ()
    value: int | str | None = None
    rows: int = 1

    def strikes(self, method: str, shape: str) -> bool:
        """Return whether a request is one of those meant."""
        path = TOKEN if self.kind is FaultKind.WRONG_SECRET else self.path
        if self.kind in ON_LISTS and (method != "GET" or shape.endswith("*")):
            return False
        return self.method in ("", method) and (path == shape or (path == "" and shape != TOKEN))


class Faults:
    """The faults in waiting; safe to use from a test's thread while the provider answers."""

    def __init__(self, *faults: Fault) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = [(fault, 0) for fault in faults]

    def add(self, *faults: Fault) -> None:
        """Put faults behind those already in waiting."""
        with self._lock:
            self._waiting += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, shape: str) -> Fault | None:
        """Return the fault that strikes this request, if one does, and count it."""
        with self._lock:
            for place, (fault, seen) in enumerate(self._waiting):
                if not fault.strikes(method, shape):
                    continue
                self._waiting[place] = (fault, seen + 1)
                if seen >= fault.after and (fault.times is None or seen < fault.after + fault.times):
                    return fault
        return None
