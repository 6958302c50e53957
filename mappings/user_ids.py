"""The further identifiers of a user, as `user_ids` holds them: `{type:identifier}`, joined by commas."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

STATE_TYPES = frozenset({"state", "stateid", "stateuniqueid", "stateidentifier", "ssid", "sasid", "stn"})
"""What SISs call a state's student number, lower case and without separators; a district may name another."""

_ONE = re.compile(r"\{([^{}:]*):([^{}]*)\}")
_SEPARATORS = re.compile(r"[\s_-]+")


def identifiers(user_ids: str | None) -> Iterator[tuple[str, str]]:
    """Yield the type and identifier of each; what is not of that form is left out."""
    for kind, identifier in _ONE.findall(user_ids or ""):
        if identifier.strip():
            yield kind.strip(), identifier.strip()


def state_identifier(user_ids: str | None, types: Collection[str] = STATE_TYPES) -> str:
    """Return the state's number of a user, "" where none is told or two differ."""
    wanted = {_folded(kind) for kind in types}
    found = {identifier for kind, identifier in identifiers(user_ids) if _folded(kind) in wanted}
    return found.pop() if len(found) == 1 else ""


def _folded(kind: str) -> str:
    return _SEPARATORS.sub("", kind).lower()
