"""Why demographics are never read, said where a district's settings ask for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _never(wanted: bool) -> bool:
    if wanted:
        raise ValueError(
            "demographics are never read, for neither shared courses nor their grades need anybody's race, "
            "sex or place of birth; take the setting out, or set it to false"
        )
    return wanted


Demographics = Annotated[bool, AfterValidator(_never)]
"""A setting that may be left out or false: what serves no purpose of ours is not collected."""
