"""Which roster tonight was compared with: what a person carries over meanwhile asks for another look."""

from __future__ import annotations

from domain.errors import RetryLater
from sisbridge.store import history
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage

_NAME = "against"
"""Where the number of the last change lies that the roster had when it was compared."""


def note(stage: Stage) -> None:
    """Remember, before a table is compared, which changes the roster of record has seen."""
    with stage.house.store.read() as conn:
        number = history.last_number(conn, stage.code)
    stage.house.landing.write(stage.code, stage.snapshot, _NAME, str(number).encode())


def is_moved(conn: Connection, stage: Stage) -> bool:
    """Return whether the roster of record moved since tonight was compared with it, or nobody noted when."""
    landing = stage.house.landing
    if not landing.exists(stage.code, stage.snapshot, _NAME):
        return True
    return int(landing.read(stage.code, stage.snapshot, _NAME)) != history.last_number(conn, stage.code)


def refuse_moved(conn: Connection, stage: Stage) -> None:
    """Raise RetryLater CF62 when tonight's changes were not made for the roster as it stands."""
    if is_moved(conn, stage):
        raise RetryLater(
            "CF62",
            f"The roster of district {stage.code} was changed by a person while tonight was applied.",
            fix="Nothing needs to be done: the next try compares with what is in force then.",
        )
