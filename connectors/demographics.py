"""Birth dates: the one thing that is read of demographics, and only where a district's settings say so.

A birth date beside a name lets sisbridge propose that two students are one, to a person who decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Strict

from domain.errors import SisbridgeError, StopDistrict
from domain.model import Severity

if TYPE_CHECKING:
    from connectors.protocol import Notice

Demographics = Annotated[bool, Strict()]
"""The setting that turns birth dates on; false unless a district says true."""

DEMOGRAPHICS = "demographics"
"""The collection, the file and the source table; its records go by the sourcedId of their user."""

BIRTH_FIELDS = ("sourcedId", "status", "dateLastModified", "birthDate")
"""All that is asked for and handed on: neither sex nor race nor place of birth serves any purpose of ours."""


OFF, ON = "off", "birth dates only, for proposals"
"""What a check says of them."""


def absent() -> StopDistrict:
    """Return FL27: a package lacks the file, or has only the changes of one beside a whole roster."""
    return StopDistrict(
        "FL27",
        "The package has no demographics.csv to read, or only changes of it beside a whole roster",
        fix="Add demographics.csv, whole, with sourcedId and birthDate, to the export.",
        place=f"{DEMOGRAPHICS}.csv",
    )


def permission_named(error: SisbridgeError, permission: str) -> SisbridgeError:
    """Return an error; one of a token that was refused for its scope says which permission is missing."""
    if error.code != "CN04" or permission in error.fix:
        return error
    fix = f"Ask the district to grant {permission} to our connection in the SIS"
    return StopDistrict(error.code, error.message, fix=fix, place=error.place)


def of_births(notice: Notice) -> Notice:
    """Return a notice as it is meant of demographics: a record that cannot be used holds no student."""
    return replace(notice, severity=Severity.DROP_VALUE.value)
