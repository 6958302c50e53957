"""What a gradebook calls the things we write: usually as we do, unless it allocates ids of its own.

Source: OneRoster 1.2 gradebook REST binding, POST (`sourcedIdPairs`); some providers do so on PUT too.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http import Answer
from connectors.http_errors import decode_json
from connectors.oneroster.envelope import record_of, sourced_id_of
from connectors.oneroster.flatten import text_of
from domain.errors import SisbridgeError


class RemoteIds:
    """Our id → the SIS's own, as remembered and as learnt since."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._learnt: dict[str, str] = {}

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what was learnt before."""
        self._known |= ids

    def learn(self, ours: str, theirs: str) -> None:
        """Remember what the SIS calls one thing."""
        if self._known.get(ours) != theirs:
            self._known[ours] = self._learnt[ours] = theirs

    def forget(self, ours: str) -> None:
        """Let go of what the SIS called a thing that is no more there, until another id is learnt."""
        self._known.pop(ours, None)

    def learnt(self) -> dict[str, str]:
        """Return what was learnt here."""
        return dict(self._learnt)

    def find(self, ours: str) -> str | None:
        """Return what the SIS calls one thing, None when that was never learnt."""
        return self._known.get(ours)

    def of(self, ours: str) -> str:
        """Return what the SIS calls one thing: our own id unless we learnt another."""
        return self._known.get(ours, ours)


def allocated(answer: Answer, collection: str, ours: str, of: Mapping[str, str]) -> str:
    """Return the id the SIS says it gave our record, "" when it does not name it.

    Pairs may be a list in any order or one alone; of a POST, a record that is in none was not created.
    of: the field that says whose our record is (student, class), and its value: a record answered that is
    another's is not ours, and its id never becomes the address of our grade.
    """
    try:
        said = decode_json(answer.body, "PUT", "")
    except SisbridgeError:
        return ""
    told = said.get("sourcedIdPairs") if isinstance(said, dict) else None
    for pair in told if isinstance(told, list) else [told]:
        if isinstance(pair, dict) and str(pair.get("suppliedSourcedId", ours)) == ours:
            return str(pair.get("allocatedSourcedId") or "")
    record = record_of(said, collection) if told is None else None
    if record is None or any(text_of(record.get(name)) not in (None, one) for name, one in of.items()):
        return ""
    return sourced_id_of(record) or ""
