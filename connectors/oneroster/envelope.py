"""What a OneRoster answer wraps its records in, and how it reports failure in 1.1 and 1.2.

Source: OneRoster 1.1 §3.6 and 1.2 REST bindings (imsx status information), and the shapes met in the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

import orjson

from domain.errors import ContractBroken
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, TOTAL_HEADER

_CODE = re.compile(r"[A-Za-z_ ]{1,40}")
_LINK = re.compile(r'<[^>]*>\s*(?:;[^,<]*?)?;\s*rel\s*=\s*"?([a-zA-Z ]+)"?')


def records_of(answer: object, path: str, place: str) -> list[object]:
    """Return the records of a collection's answer, under the standard's envelope key or the path's name.

    Raises ContractBroken: PG04 when there is no list under either (an absent key is never an empty
    roster), PG05 when the answer itself says it failed though its code was 200.
    """
    if isinstance(answer, dict):
        _refuse_failure(answer, place)
        for key in envelope_keys(path):
            if isinstance(answer.get(key), list):
                return list(answer[key])
    raise ContractBroken(
        "PG04",
        f"The answer holds no list named {envelope_keys(path)[0]}",
        fix="Compare base_url and version with the SIS's documentation; else tell the SIS's host",
        place=place,
    )


def envelope_keys(path: str) -> tuple[str, ...]:
    """Return the keys a collection's records may stand under, the standard's own first."""
    name = SUBSET_COLLECTIONS.get(path, path)
    standard = COLLECTIONS[name].envelope
    return (standard,) if standard == path else (standard, path)


def record_of(answer: object, path: str) -> dict[str, object] | None:
    """Return the one record of a single-object answer, or None when there is none in it."""
    if not isinstance(answer, dict):
        return None
    single = COLLECTIONS[path].single
    record = answer.get(single, answer.get(path, answer))
    return record if isinstance(record, dict) and record.get("sourcedId") else None


def sourced_id_of(record: object) -> str | None:
    """Return a record's sourcedId as text (some servers send numbers), or None when it has none."""
    found = record.get("sourcedId") if isinstance(record, dict) else None
    if isinstance(found, str):
        return found if found and not found.isspace() else None
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None


def ids_of(records: Sequence[object]) -> tuple[str | None, ...]:
    """Return the sourcedId of each record, as `sourced_id_of` does."""
    if set(map(type, records)) == {dict}:
        # As nearly always: texts throughout, which need no look at each of them.
        ids = [record.get("sourcedId") for record in cast("Sequence[Mapping[str, object]]", records)]
        if set(map(type, ids)) == {str} and all(map(str.strip, cast("list[str]", ids))):
            return tuple(cast("list[str]", ids))
    return tuple(map(sourced_id_of, records))


def _refuse_failure(answer: Mapping[str, object], place: str) -> None:
    major, minor = _status(answer)
    if major == "failure":
        raise ContractBroken(
            "PG05",
            f"The SIS answered with a failure inside a good answer ({minor or 'no reason given'})",
            fix="Try again later; if it stays, send the SIS's host this place and reason",
            place=place,
        )


def minor_code(body: bytes) -> str:
    """Return the standard's minor code of an error answer, lower case without blanks; "" when none.

    Only a token of letters is returned, so nothing else of the answer can reach a message.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return _status(answer)[1] if isinstance(answer, dict) else ""


def _status(answer: Mapping[str, object]) -> tuple[str, str]:
    """Return (codeMajor, minor code) wherever the answer keeps them: at its root or in a status object."""
    infos: list[object] = [answer, answer.get("imsx_StatusInfo")]
    listed = answer.get("statusInfoSet")
    infos += listed if isinstance(listed, list) else [listed]
    for info in infos:
        if isinstance(info, dict):
            major = _token(info.get("imsx_codeMajor", info.get("codeMajor")))
            if major:
                return major, _minor(info)
    return "", ""


def _minor(info: Mapping[str, object]) -> str:
    found = info.get("imsx_CodeMinor", info.get("imsx_codeMinor", info.get("codeMinor")))
    if isinstance(found, dict):
        fields = found.get("imsx_codeMinorField")
        first = fields[0] if isinstance(fields, list) and fields else fields
        found = first.get("imsx_codeMinorFieldValue") if isinstance(first, dict) else None
    return _token(found)


def _token(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace(" ", "").lower() if _CODE.fullmatch(text) else ""


def total_told(headers: Mapping[str, str]) -> int | None:
    """Return the total the server tells in X-Total-Count, or None when it tells none or no number."""
    text = headers.get(TOTAL_HEADER, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def more_told(headers: Mapping[str, str]) -> bool | None:
    """Return whether a Link header names a next page; None when there is no Link header to go by."""
    relations = [name for found in _LINK.findall(headers.get("Link", "")) for name in found.lower().split()]
    return "next" in relations if relations else None
