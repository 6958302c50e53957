"""A place for files that is full, read-only or broken, said in our own words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import RetryLater
from domain.ids import DistrictCode


@contextmanager
def usable(district: DistrictCode) -> Iterator[None]:
    """Raise RetryLater CF16 for trouble with the landing zone that who runs us can mend.

    A file that is not there stays a FileNotFoundError.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
    else:
        return
    raise RetryLater(
        "CF16",
        f"The landing zone cannot be used for district {district}: {why}.",
        fix="Make room where SISBRIDGE_LANDING_URL points, or let this account write there; then run again.",
    )
