"""Where a district's rows keep the numbers of a student, and which of them are what they should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import StopDistrict
from mappings.arrow import Texts, texts
from mappings.user_ids import STATE_TYPES

SHAPES = {"IN": r"[0-9]{9}|T[0-9A-Z]{8}"}
"""By state, what a state id looks like, in capitals. Indiana: nine digits, or T and eight more.

Source: Indiana Department of Education, Ed-ID (formerly STN) FAQ.
"""

COLUMNS = ("sourced_id", "identifier", "user_ids", "user_master_identifier")
"""The columns of users that may hold a number."""

_TYPES = "|".join(r"[\s_-]*".join(kind) for kind in sorted(STATE_TYPES))


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """Where the numbers are. state_id, local_id: a column, or `user_ids:TYPE`; "" for none.

    shape: what a whole state id must match, or "" when no number of this district is trusted to be one.
    minimum_rate: the share of students (0 to 1) that must have a state id or a local id.
    """

    state_id: str
    local_id: str
    shape: str
    minimum_rate: float


def number_settings(settings: Mapping[str, object], state: str) -> NumberSettings:
    """Return a district's `identity` settings; StopDistrict CF88 when one of them cannot be used."""
    chosen = settings.get("identity", {})
    given = chosen if isinstance(chosen, Mapping) else {}
    read = NumberSettings(
        state_id=str(given.get("state_id", f"user_ids:{_TYPES}")),
        local_id=str(given.get("local_id", "identifier")),
        shape=str(given.get("state_id_shape", SHAPES.get(state, ""))),
        minimum_rate=_share(given.get("minimum_rate", 0)),
    )
    if "state_id" in given and ":" in read.state_id:
        column, _, kind = read.state_id.partition(":")
        read = NumberSettings(f"{column}:{re.escape(kind)}", read.local_id, read.shape, read.minimum_rate)
    for name in (read.state_id, read.local_id):
        if name and name.partition(":")[0] not in COLUMNS:
            raise _unusable(f"'{name}' is no column of users that holds a number")
    try:
        re.compile(read.shape)
    except re.error:
        raise _unusable("the shape of a state id is no regular expression") from None
    return read


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _unusable("`minimum_rate` is no share between 0 and 1")
    return float(value)


def _unusable(what: str) -> StopDistrict:
    return StopDistrict(
        "CF88",
        f"The district's identity settings cannot be used: {what}.",
        fix="Correct [district.settings.identity] in the region file and load it again.",
    )


def numbers(users: pa.Table, settings: NumberSettings) -> pa.Table:
    """Return (sourced_id, state_id, local_id, misshapen) of users; text, null where there is none.

    A state id is trimmed and in capitals; one of another shape is none, and misshapen says so. A number
    is text: leading zeros are part of it, and eight digits are never nine.
    """
    local, found = _value(users, settings.local_id), pc.utf8_upper(_value(users, settings.state_id))
    fits = pc.fill_null(pc.match_substring_regex(found, f"^(?:{settings.shape})$"), False)
    trusted = pc.and_(fits, bool(settings.shape))
    state = pc.if_else(trusted, found, pa.scalar(None, pa.string()))
    misshapen = pc.and_(pc.and_(pc.is_valid(found), pc.invert(fits)), bool(settings.shape))
    return pa.table(
        {
            "sourced_id": texts(users, "sourced_id"),
            "state_id": state,
            "local_id": local,
            "misshapen": misshapen,
        }
    )


def _value(users: pa.Table, where: str) -> Texts:
    if not where:
        return pa.nulls(users.num_rows, pa.string())
    column, _, kind = where.partition(":")
    found = texts(users, column)
    if kind:
        pattern = rf"(?i)\{{?\s*(?:{kind})\s*:\s*(?P<number>[^}},]*)"
        found = pc.struct_field(pc.extract_regex(found, pattern), "number")
    trimmed = pc.utf8_trim_whitespace(found)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
