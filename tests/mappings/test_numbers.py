"""Where a district keeps its students' numbers, and which are what they should be."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from mappings.numbers import COLUMNS, number_settings, numbers


def read(user_ids: str | None, chosen: dict[str, Any] | None = None, state: str = "IN") -> dict[str, Any]:
    """Return the numbers of one user with a local id of 17."""
    values = {"sourced_id": "u", "identifier": "17", "user_ids": user_ids, "user_master_identifier": "M"}
    rows = pa.table({name: pa.array([values[name]], pa.string()) for name in COLUMNS})
    found: dict[str, Any] = numbers(rows, number_settings({"identity": chosen or {}}, state)).to_pylist()[0]
    return found


@pytest.mark.parametrize(
    ("user_ids", "state_id", "misshapen"),
    [
        ("{STN:012345678}", "012345678", False),
        ("{LDAP:ann},{stn: t1a2b3c4d }", "T1A2B3C4D", False),
        ("{SSID:123456789},{x:1}", "123456789", False),
        ("{STN:12345678}", None, True),
        ("{STN:1.2345E+08}", None, True),
        ("{STN:}", None, False),
        ("{LDAP:123456789}", None, False),
        (None, None, False),
    ],
)
def test_an_indiana_number_is_nine_digits_or_a_t_and_eight_more(
    user_ids: str | None, state_id: str | None, misshapen: bool
) -> None:
    found = read(user_ids)
    assert (found["state_id"], found["misshapen"], found["local_id"]) == (state_id, misshapen, "17")


def test_another_state_trusts_no_number_until_its_shape_is_set() -> None:
    assert read("{STN:012345678}", state="OH")["state_id"] is None
    found = read("{STN:AB1234567}", {"state_id_shape": "[A-Z]{2}[0-9]{7}"}, state="OH")
    assert found["state_id"] == "AB1234567"


def test_a_district_says_where_its_numbers_are() -> None:
    found = read("{A.B:012345678}", {"state_id": "user_ids:A.B", "local_id": ""})
    assert (found["state_id"], found["local_id"]) == ("012345678", None)
    assert read("{AxB:012345678}", {"state_id": "user_ids:A.B"})["state_id"] is None
    assert read(None, {"local_id": "user_master_identifier"})["local_id"] == "M"
