"""What a REST pull noticed without stopping, each thing once."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.flat_form import Flat
from connectors.protocol import Notice
from domain.model import Severity
from domain.oneroster import Version


class PullNotices:
    """Collects the notices of one pull; unknown fields and shapes once per collection."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._held: list[Notice] = []
        self._unknown: dict[str, set[str]] = {}
        self._shapes: dict[str, Notice] = {}

    def take(self, collection: str, flat: Flat) -> None:
        """Remember what one page brought up."""
        self._held += flat.notices
        if flat.unknown:
            self._unknown.setdefault(collection, set()).update(flat.unknown)
        if flat.other_shape:
            self._shapes.setdefault("CF55", self._other_shape())
        if flat.lost_roles:
            self._shapes.setdefault("CF56", self._lost_roles())

    def all(self) -> Sequence[Notice]:
        """Return the notices so far in a stable order."""
        unknown = [_unknown_field(table, sorted(names)) for table, names in sorted(self._unknown.items())]
        return (*self._held, *unknown, *(self._shapes[code] for code in sorted(self._shapes)))

    def _other_shape(self) -> Notice:
        other = Version.V1P1 if self._version is Version.V1P2 else Version.V1P2
        return _users_notice(
            "CF55",
            f"Users come in the shape of OneRoster {other}, though {self._version} is set; they were read",
            f"Set version to {other} if the SIS's host confirms it",
        )

    def _lost_roles(self) -> Notice:
        return _users_notice(
            "CF56",
            "Some users have more roles than OneRoster 1.1 can say; only the primary one was read",
            "Set version to 1.2",
        )


def _users_notice(code: str, message: str, fix: str) -> Notice:
    return Notice(code, Severity.DROP_VALUE.value, "users", "/users", message, fix, field="roles")


def _unknown_field(collection: str, names: Sequence[str]) -> Notice:
    return Notice(
        code="CF57",
        severity=Severity.DROP_VALUE.value,
        source_table=collection,
        place=f"/{collection}",
        message=f"Fields that OneRoster does not know were passed over: {', '.join(names[:20])}",
        fix="Nothing to do unless one of them is needed",
        field=names[0],
    )
