"""What a REST pull writes down in its landing, so that a later try of the same night goes on from it.

Every answer lies there as soon as it came, under a name that says where it stands, so that an answer and its
proof appear together or not at all: `users/at-000001000.rows-1000.of-5300.json`. What it was flattened to
lies beside it, so that nothing is parsed twice; where that is missing, it is flattened again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import orjson

from connectors.flat_form import Flat, packed, unpacked
from connectors.protocol import Landing, RosterMoved
from connectors.shelf import KeptSlice, Mark, Whole
from domain.failpoints import failpoint

_NAME = re.compile(r"at-(\d{9,})\.rows-(\d+)\.of-(\d+|untold)\.json")
_BOOK = "begun.json"
_WHOLE = "whole.json"
_FLAT = "flat/"

Flatten = Callable[[Sequence[object], str], Flat]
"""Flattens the records of the answer at a place."""

Records = Callable[[bytes, str], Sequence[object]]
"""Reads the records of an answer's bytes; the place is for messages."""


class LandedShelf:
    """One collection's answers in the landing; implements `connectors.shelf.Shelf`."""

    def __init__(self, landing: Landing, collection: str, flatten: Flatten, records: Records) -> None:
        """Remember where they lie; nothing is read yet."""
        self._landing = landing
        self._collection = collection
        self._folder = f"{collection}/"
        self._flatten = flatten
        self._records = records
        self._flats: frozenset[str] | None = None

    def marks(self) -> Sequence[Mark]:
        """Return what lies here by offset; what nobody of us named so is forgotten with all the rest."""
        names = (name.removeprefix(self._folder) for name in self._landing.kept(self._folder))
        found = [_mark(name) for name in names if name != _WHOLE and not name.startswith(_FLAT)]
        marks = {mark.offset: mark for mark in found if mark is not None}
        if len(marks) != len(found):
            self.clear()
            return ()
        return [marks[offset] for offset in sorted(marks)]

    def put(self, mark: Mark, body: bytes, records: Sequence[object]) -> None:
        """Land one answer, flattened first: the bytes that prove it are never without their rows."""
        self._landing.keep(self._flat_name(mark), packed(self._flatten(records, self._place(mark))))
        self._landing.keep(self._folder + _name(mark), body)
        failpoint("pull:page:landed")

    def body(self, mark: Mark) -> bytes:
        """Return the very bytes the server sent."""
        return self._landing.fetch(self._folder + _name(mark))

    def flat(self, mark: Mark) -> Flat:
        """Return what one answer was flattened to, or flatten it again when that does not lie here."""
        if self._flats is None:
            self._flats = frozenset(self._landing.kept(self._folder + _FLAT))
        name, place = self._flat_name(mark), self._place(mark)
        if name in self._flats:
            return unpacked(self._landing.fetch(name))
        return self._flatten(self._records(self.body(mark), place), place)

    def _flat_name(self, mark: Mark) -> str:
        return f"{self._folder}{_FLAT}{_name(mark)}"

    def _place(self, mark: Mark) -> str:
        return f"/{self._collection}?offset={mark.offset}"

    def drop(self, mark: Mark) -> None:
        """Forget one answer."""
        self._landing.forget(self._folder + _name(mark))
        self._landing.forget(self._flat_name(mark))

    def clear(self) -> None:
        """Forget every answer."""
        self._landing.forget(self._folder)

    def close(self, whole: Whole) -> None:
        """Write down that the collection was read to its end."""
        said = {"pages": len(whole.slices), "total": whole.total}
        self._landing.keep(self._folder + _WHOLE, orjson.dumps(said))

    def whole(self) -> Whole | None:
        """Return the collection when an earlier try has read it to its end, else None."""
        if self._folder + _WHOLE not in self._landing.kept(self._folder + _WHOLE):
            return None
        said = orjson.loads(self._landing.fetch(self._folder + _WHOLE))
        marks = self.marks()
        if len(marks) != said["pages"]:
            self.clear()
            return None
        return Whole(tuple(KeptSlice(mark, self) for mark in marks), said["total"])


class PullBook:
    """What holds for a whole pull: what was asked for, since when it stands, what the server said of itself.

    A book of another question (other settings, another window) is thrown away with all that was landed.
    """

    def __init__(self, landing: Landing, question: Mapping[str, object], now: datetime, header: str) -> None:
        """Open the landing's book, or begin one. header: names the provider's revision; "" for none."""
        self._landing = landing
        self._header = header
        digest = hashlib.sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).hexdigest()
        said = orjson.loads(landing.fetch(_BOOK)) if _BOOK in landing.kept(_BOOK) else {}
        self._fresh = said.get("question") != digest
        if self._fresh:
            landing.forget()
            said = {"question": digest, "as_of": now.isoformat(), "refused": [], "revision": ""}
        self._said = said

    @property
    def as_of(self) -> datetime:
        """Return the moment the pull stands for: fixed before its first request, whichever try asked it."""
        return datetime.fromisoformat(self._said["as_of"])

    @property
    def refused(self) -> Sequence[str]:
        """Return the parameters that the server refused so far."""
        return tuple(self._said["refused"])

    def note_refused(self, names: Iterable[str]) -> None:
        """Write down which parameters the server refuses."""
        if sorted(names) != self._said["refused"]:
            self._write(refused=sorted(names))

    def begin(self) -> None:
        """Write the book, so that what is landed from now on can be gone on from."""
        if self._fresh:
            self._write()

    def watch(self, headers: Mapping[str, str]) -> None:
        """Compare the provider's revision with the one the pull began under; RosterMoved PG07 if it moved."""
        revision = headers.get(self._header, "") if self._header else ""
        if not revision or revision == self._said["revision"]:
            return
        if not self._said["revision"]:
            self._write(revision=revision)
            return
        self._landing.forget()
        self._said["revision"] = ""
        raise RosterMoved(
            "PG07",
            f"The SIS published another revision of its roster while it was read ({self._header})",
            fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
        )

    def _write(self, **changes: object) -> None:
        self._fresh = False
        self._said |= changes
        self._landing.keep(_BOOK, orjson.dumps(self._said))


def _name(mark: Mark) -> str:
    total = "untold" if mark.total is None else mark.total
    return f"at-{mark.offset:09d}.rows-{mark.rows}.of-{total}.json"


def _mark(name: str) -> Mark | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Mark(int(found[1]), int(found[2]), None if found[3] == "untold" else int(found[3]))
