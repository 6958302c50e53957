"""Answers that lie on a shelf before their turn: pages overtake one another, and an earlier try left gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.shelf import Mark, Shelf, Slice, mark_of

Recall = Callable[[bytes], Sequence[str | None]]
"""Given an answer's bytes, returns the ids of its records."""

_REMEMBERED = 16
"""Answers whose ids stay in memory; while one page is slow, any number of others may come."""


class EarlyAnswers:
    """The answers of one collection that came before their turn, by offset."""

    def __init__(self, shelf: Shelf, recall: Recall | None) -> None:
        """Take up what an earlier try left. recall: reads ids from a shelf; None where none lie there."""
        self._shelf = shelf
        self._recall = recall
        self._marks = {mark.offset: mark for mark in (shelf.marks() if recall else ())}
        self._ids: dict[int, Sequence[str | None]] = {}

    def first(self, otherwise: int) -> int:
        """Return where the first of them begins, or otherwise what is given."""
        return min(self._marks, default=otherwise)

    def last(self) -> Mark | None:
        """Return the answer that stands furthest back."""
        return max(self._marks.values(), key=lambda mark: mark.offset, default=None)

    def put(self, answer: Slice) -> None:
        """Land an answer that came before its turn; whether it is believed is for its turn to say."""
        if not answer.ids:
            # Beyond the end there is nothing to land; when its turn comes it is asked for.
            return
        mark = mark_of(answer)
        self._shelf.put(mark, answer.body, answer.records)
        self._marks[mark.offset] = mark
        if self._recall is None or (len(self._ids) < _REMEMBERED and None not in answer.ids):
            self._ids[mark.offset] = answer.ids

    def take(self, offset: int) -> Slice | None:
        """Return the answer whose turn it is, None when it did not come yet."""
        mark = self._marks.pop(offset, None)
        if mark is None:
            return None
        ids = self._ids.pop(offset, None)
        # Records without an id are told apart by the bytes.
        body = b"" if ids is not None and None not in ids else self._shelf.body(mark)
        return Slice(offset, self.ids(mark, body) if ids is None else ids, mark.total, None, body)

    def ids(self, mark: Mark, body: bytes | None = None) -> Sequence[str | None]:
        """Return the ids of an answer that an earlier try left."""
        assert self._recall is not None
        return self._recall(self._shelf.body(mark) if body is None else body)

    def let_go(self, before: int | None = None) -> None:
        """Forget the answers that begin before an offset and were never their turn; None for all."""
        for offset in [one for one in self._marks if before is None or one < before]:
            self._shelf.drop(self._marks.pop(offset))
            self._ids.pop(offset, None)
